package oauth

import "testing"

func TestTheServiceKeepsItsRightOnTheTokens(t *testing.T) {
	t.Parallel()
	const service = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	for _, tc := range []struct{ name, parent, want string }{
		{"of a data directory that the service may write to", "D:AI(A;OICI;0x1301bf;;;" + service + ")(A;OICIID;FA;;;SY)(A;OICIID;0x1200a9;;;BU)",
			ownerOnly + "(A;OICI;0x1301bf;;;" + service + ")"},
		{"and is named twice", "D:(A;OICI;FR;;;" + service + ")(A;OICI;FW;;;" + service + ")", ownerOnly + "(A;OICI;0x1301bf;;;" + service + ")"},
		{"but a denied service gets none", "D:(D;OICI;FA;;;" + service + ")", ownerOnly},
		{"and nobody else does", "D:(A;OICI;FA;;;WD)(A;OICI;FA;;;S-1-5-21-1-2-3-1001)", ownerOnly},
	} {
		if got := restricted(tc.parent); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}
