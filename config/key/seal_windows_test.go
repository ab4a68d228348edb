package key_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"mailintegration/config/key"
)

func TestASealedKeyFileShowsNoKey(t *testing.T) {
	t.Parallel()
	r := generate(t)
	sealed, err := r.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("AGE-SECRET-KEY")) {
		t.Errorf("the file has the key:\n%s", sealed)
	}
}

// TestAKeyFileOfAnotherMachineIsRefused changes what DPAPI has sealed: the machine that could open it is another one.
func TestAKeyFileOfAnotherMachineIsRefused(t *testing.T) {
	t.Parallel()
	sealed, err := generate(t).Sealed()
	if err != nil {
		t.Fatal(err)
	}
	about, content, _ := strings.Cut(string(sealed), "DPAPI:")
	octets, err := base64.StdEncoding.DecodeString(strings.TrimSpace(content))
	if err != nil {
		t.Fatal(err)
	}
	octets[len(octets)-1] ^= 0xFF // of the digest; wine crashes when a length is wrong
	_, err = key.Parse([]byte(about + "DPAPI:" + base64.StdEncoding.EncodeToString(octets)))
	if err == nil || err.Error() != "it was sealed by Windows on another machine" {
		t.Errorf("got %v", err)
	}
	if _, err := key.Parse([]byte(about + "DPAPI:"[:4])); err == nil {
		t.Error("a file that was cut short has a key")
	}
}
