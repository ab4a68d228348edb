package dovecottest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// issuer is the only issuer whose tokens Dovecot accepts.
const issuer = "https://issuer.example"

// writeTokenKey writes the key that Dovecot checks tokens with, and the configuration that names it. Dovecot looks for
// azp/algorithm/key identifier; azp and identifier are "default" here.
func (s *Server) writeTokenKey(key []byte) {
	if key == nil {
		return
	}
	keys := filepath.Join("keys", "default", "HS256")
	s.must(os.MkdirAll(filepath.Join(s.dir, keys), 0o755))
	s.write(filepath.Join(keys, "default"), []byte(base64.StdEncoding.EncodeToString(key)))
	s.write("oauth2.conf", fmt.Appendf(nil, `introspection_mode = local
local_validation_key_dict = fs:posix:prefix=%s/keys/
issuers = %s
username_attribute = email
`, s.dir, issuer))
}

// SignToken returns an access token for a user (a JWT, RFC 7519, with HS256), which a server with the TokenKey accepts
// until it expires. The claims in more are added, for a token of any length.
func SignToken(key []byte, user string, expires time.Time, more map[string]any) (string, error) {
	claims := map[string]any{
		"iss": issuer, "sub": user, "aud": "pop", "email": user,
		"iat": time.Now().Unix(), "nbf": time.Now().Add(-time.Minute).Unix(), "exp": expires.Unix(),
	}
	for name, value := range more {
		claims[name] = value
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(body)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), nil
}

// encode returns the base64 of RFC 7515 §2.
func encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }
