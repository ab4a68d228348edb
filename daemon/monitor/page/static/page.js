"use strict";
// Keeps the parts of a page current that have an id and data-live. Without this script, a reader reloads the page.
(() => {
  const parts = () => document.querySelectorAll("[data-live][id]");
  if (!parts().length || !window.EventSource) return;
  let source = null, tag = "", asking = false;

  // A part is left alone while somebody works in it.
  const isInUse = (part) => part.contains(document.activeElement) ||
    (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));

  function show(fresh) {
    for (const part of parts()) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      if (isInUse(part)) return false;
      const open = [...part.querySelectorAll("details[open][id]")].map((d) => d.id);
      part.replaceChildren(...next.childNodes);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    }
    const stamp = document.getElementById("stamp"), now = fresh.getElementById("stamp");
    if (stamp && now) stamp.replaceChildren(...now.childNodes);
    return true;
  }

  async function refresh() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(location.href, {headers: {"Live": "1", "If-None-Match": tag}, redirect: "manual"});
      if (answer.status === 200) {
        const isShown = show(new DOMParser().parseFromString(await answer.text(), "text/html"));
        tag = isShown ? answer.headers.get("ETag") || "" : "";
      } else if (answer.type === "opaqueredirect" || answer.status === 401) {
        end(); // the session is over
      }
    } catch {
      // The daemon is away; the browser tries to reach it again.
    } finally {
      asking = false;
    }
  }

  function begin() {
    if (source) return;
    source = new EventSource("/live");
    source.addEventListener("change", refresh);
  }

  function end() {
    source?.close();
    source = null;
  }

  // A browser has few connections to a server, so pages that nobody sees have none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return end();
    refresh();
    begin();
  });
  if (!document.hidden) begin();
  addEventListener("pagehide", end);
  addEventListener("pageshow", (event) => { if (event.persisted) begin(); });
})();
