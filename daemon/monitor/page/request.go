package page

import (
	"fmt"
	"io"

	"mailintegration/daemon/monitor/page/mailbody"
	"mailintegration/store"
)

// requestView is the model of the page of one request.
type requestView struct {
	store.RequestView
	From    store.ViewFrom
	History []historyRow
}

// filesOf are files with the number of their request.
type filesOf struct {
	Number int64
	List   store.FileList
}

// historyRow is an entry of the history in words.
type historyRow struct {
	store.HistoryEntry
	What string
}

// showRequest shows a request, with its newest activities and the newest part of its history.
func (v *visit) showRequest() error {
	number, err := v.number("number")
	if err != nil {
		return err
	}
	view := requestView{}
	if view.From.Activity, err = v.place("activities"); err != nil {
		return err
	}
	if view.From.History, err = v.place("history"); err != nil {
		return err
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	if view.RequestView, err = desk.RequestView(v.ctx, number, view.From); err != nil {
		return found(err)
	}
	for _, h := range view.RequestView.History {
		view.History = append(view.History, historyRow{h, v.word("requests.what.", h.What)})
	}
	return v.render("request", view)
}

// word returns the text of a word of the database, or the word itself where a newer database has one that the page does not know.
func (v *visit) word(prefix, word string) string {
	if text, isThere := v.lang.text(prefix + word); isThere {
		return text
	}
	return word
}

// filesView is the model of the list of all files of a request.
type filesView struct {
	Number int64
	Files  []store.AttachmentDetail
	Next   string
}

// showFiles lists the files of a request and its activities.
func (v *visit) showFiles() error {
	number, err := v.number("number")
	if err != nil {
		return err
	}
	after, err := v.place("after")
	if err != nil {
		return err
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	view := filesView{Number: number}
	var hasMore bool
	if view.Files, hasMore, err = desk.RequestFiles(v.ctx, number, after); err != nil {
		return found(err)
	}
	if hasMore {
		view.Next = fmt.Sprintf("/requests/%d/files?after=%d", number, view.Files[len(view.Files)-1].ID)
	}
	return v.render("files", view)
}

// texts returns the numbers in the address of a request or of an activity on it, with its text and its HTML.
func (v *visit) texts() (number, activity int64, text, html string, err error) {
	if number, err = v.number("number"); err != nil {
		return 0, 0, "", "", err
	}
	if v.r.PathValue("activity") != "" {
		if activity, err = v.number("activity"); err != nil {
			return 0, 0, "", "", err
		}
	}
	desk, err := v.desk()
	if err != nil {
		return 0, 0, "", "", err
	}
	text, html, err = desk.RequestText(v.ctx, number, activity)
	return number, activity, text, html, found(err)
}

// showWholeText shows the whole text of a request or of an activity, and nothing around it.
func (v *visit) showWholeText() error {
	_, _, text, _, err := v.texts()
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Security-Policy", filePolicy)
	_, _ = io.WriteString(v.w, visible(text, len(text), true)) // a reader who is gone needs no answer
	return nil
}

// showFormatted shows the HTML of a request or of an activity, for a frame.
func (v *visit) showFormatted() error {
	number, activity, _, html, err := v.texts()
	if err != nil {
		return err
	}
	if html == "" {
		return errNotFound
	}
	words := mailbody.Words{Language: v.lang.code}
	words.Image, _ = v.lang.text("requests.image")
	words.Rest, _ = v.lang.text("requests.rest")
	document := mailbody.Document(html, words, func(contentID string, most int64) []byte {
		return v.picture(number, activity, contentID, most)
	})
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", mailbody.Policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = v.w.Write(document)
	return nil
}

// picture returns the octets of an image that the HTML of a mail names, nil if there is none that can be read.
func (v *visit) picture(number, activity int64, contentID string, most int64) []byte {
	desk, err := v.desk()
	if err != nil || v.ctx.Err() != nil {
		return nil
	}
	id, err := desk.ImageNamed(v.ctx, number, activity, contentID, most)
	if err != nil {
		return nil
	}
	o, err := desk.OpenAttachment(v.ctx, id)
	if err != nil {
		return nil
	}
	defer o.Close()
	octets, err := io.ReadAll(io.LimitReader(o, most))
	if err != nil {
		return nil
	}
	return octets
}

// downloadAttachment sends an attachment, or a message that was kept as one.
func (v *visit) downloadAttachment() error {
	number, err := v.number("number")
	if err != nil {
		return err
	}
	return v.download(func(desk Desk) (*store.Octets, error) { return desk.OpenAttachment(v.ctx, number) })
}
