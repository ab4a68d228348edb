package page

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// slowReader is somebody who reads an answer only once the test lets them.
type slowReader struct {
	*httptest.ResponseRecorder
	begun chan struct{} // gets an element with each part of the answer
	goes  chan struct{} // closed when they may read
}

// Write implements http.ResponseWriter.
func (r *slowReader) Write(octets []byte) (int, error) {
	select {
	case r.begun <- struct{}{}:
	default:
	}
	<-r.goes
	return r.ResponseRecorder.Write(octets)
}

// TestAPersonWhoReadsSlowlyKeepsNobodyElseFromADownload: one token has its places, and never all of them.
func TestAPersonWhoReadsSlowlyKeepsNobodyElseFromADownload(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	octets := bytes.Repeat([]byte("octets"), 100)
	w.addFile(t, db, "a.txt", "text/plain", "", octets)
	anna, bob := &session{name: "Anna"}, &session{name: "Bob"}

	slow := &slowReader{httptest.NewRecorder(), make(chan struct{}, 1), make(chan struct{})}
	w.standIn = anna
	var readers sync.WaitGroup
	for range maxDownloadsOfToken {
		one := *slow
		one.ResponseRecorder = httptest.NewRecorder()
		readers.Go(func() { w.ServeHTTP(&one, httptest.NewRequest(http.MethodGet, "/attachments/1", nil)) })
		<-slow.begun
	}
	usual := w.patience
	w.patience = 1
	got := w.get("/attachments/1")
	contains(t, got, "Your other downloads come first", "once one of them has ended")
	contains(t, w.get("/attachments/1", "Accept-Language", "fr"), "Vos autres téléchargements passent en premier")
	if got.Code != http.StatusTooManyRequests {
		t.Errorf("one more download of the same token: %d", got.Code)
	}
	w.standIn, w.patience = bob, usual
	if got := w.get("/attachments/1"); got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), octets) {
		t.Errorf("a download of another person: %d %s", got.Code, got.Body)
	}
	close(slow.goes)
	readers.Wait()
	w.standIn = anna
	if got := w.get("/attachments/1"); got.Code != http.StatusOK {
		t.Errorf("a download after the others: %d", got.Code)
	}
	if w.downloads.all != 0 || len(w.downloads.of) != 0 {
		t.Errorf("%d downloads are under way, of %v", w.downloads.all, w.downloads.of)
	}
}

// TestAPersonWaitsForADownloadToEnd: who asks for one file too many gets it when another one has been read.
func TestAPersonWaitsForADownloadToEnd(t *testing.T) {
	t.Parallel()
	var d downloads
	for range maxDownloadsOfToken {
		if err := d.begin(t.Context(), "Anna"); err != nil {
			t.Fatal(err)
		}
	}
	begun := make(chan error)
	go func() { begun <- d.begin(t.Context(), "Anna") }()
	d.end("Anna")
	if err := <-begun; err != nil {
		t.Error(err)
	}
}

// TestManyPeopleHaveAFewDownloads: however many ask, few files are open.
func TestManyPeopleHaveAFewDownloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range maxDownloads {
		if err := w.downloads.begin(t.Context(), fmt.Sprint("person ", i)); err != nil {
			t.Fatal(err)
		}
	}
	w.patience = 1
	got := w.get("/attachments/1")
	contains(t, got, "Too much is asked")
	if got.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", got.Code)
	}
}

// TestAReaderWhoStopsIsDisconnectedAndLeavesTheirPlace asks for a file that no socket holds, over a connection that is not read.
func TestAReaderWhoStopsIsDisconnectedAndLeavesTheirPlace(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	octets := bytes.Repeat([]byte("x"), 32<<20)
	w.addFile(t, db, "a.txt", "text/plain", "", octets)
	w.downloadStep = time.Millisecond
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.ServeHTTP(writer, r)
	}))
	defer server.Close()
	response, err := http.Get(server.URL + "/attachments/1")
	<-ended
	if w.downloads.all != 0 {
		t.Errorf("%d downloads are under way", w.downloads.all)
	}
	if err != nil {
		return // the connection ended before the header was read
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Errorf("the reader takes %d of %d octets for the file", n, len(octets))
	}
}
