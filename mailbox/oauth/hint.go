package oauth

// transientNumbers are Microsoft's numbers for temporary problems of its own, whatever code they come with.
var transientNumbers = map[int]bool{
	50196: true, // too many requests in a short time
	90006: true, // external service not available
	90012: true, // request timed out
	90033: true, // a transient error
	90055: true, // too many requests
}

// The hints that several reasons share.
const (
	useDeviceCode = "the sign-in needs more than a password: remove Password and run mailintegration mailbox authorize, or use ClientSecret"
	authorize     = "the authorization is no longer valid: run mailintegration mailbox authorize for this mailbox again"
	userWrong     = "check UserName and Password"
	tenantWrong   = "check TenantId, and AuthorityURL for a national cloud"
	scopeWrong    = "check Scope: it must name permissions of Exchange Online, and end with /.default when ClientSecret is used"
)

// hintsByNumber are the hints for Microsoft's more common numbers.
var hintsByNumber = map[int]string{
	50034:  "this tenant has no such user: check UserName and TenantId",
	50053:  "the account is locked after too many sign-ins with a wrong password: correct Password and wait, or unlock it",
	50055:  "the password has expired: set a new one and write it into the mailbox's file",
	50056:  userWrong + "; an account without a password in Entra cannot sign in with one",
	50057:  "the account is disabled: enable it in Entra",
	50126:  userWrong,
	50076:  useDeviceCode,
	50079:  useDeviceCode,
	50158:  useDeviceCode,
	53000:  "conditional access requires a managed device: exempt the application, or use ClientSecret",
	53003:  "conditional access blocks the sign-in: exempt the application or the mailbox, or use ClientSecret",
	50078:  authorize,
	50089:  authorize,
	50173:  authorize,
	70000:  authorize,
	70008:  authorize,
	70043:  authorize,
	700082: authorize,
	700084: authorize,
	65001: "nobody consented: let an administrator grant POP.AccessAsUser.All (with ClientSecret: POP.AccessAsApp) " +
		"of Office 365 Exchange Online to the application",
	65004:   "the person did not consent: run mailintegration mailbox authorize again and accept",
	70011:   scopeWrong,
	1002012: scopeWrong,
	500011:  scopeWrong,
	700016:  "this tenant has no such application: check ClientId and TenantId",
	700025:  "the application is a public client, which has no secret: remove ClientSecret",
	7000112: "the application is disabled: enable it in Entra",
	7000215: "check ClientSecret: it is the secret's Value, not its Secret ID",
	7000216: "the application needs a secret: set ClientSecret, or allow public client flows in the registration",
	7000218: "allow public client flows in the registration (Authentication, Advanced settings), or set ClientSecret",
	7000222: "the client secret has expired: create a new one in the registration (Certificates & secrets) and set ClientSecret to it",
	90002:   tenantWrong,
	900021:  tenantWrong,
	900023:  tenantWrong,
	900382:  "the tenant belongs to another cloud: check AuthorityURL",
	900439:  "the tenant belongs to another cloud: check AuthorityURL",
}

// hintsByCode are the hints for refusals without a known number.
var hintsByCode = map[string]string{
	"invalid_grant": "the password or the authorization is no longer valid: check UserName and Password, " +
		"or run mailintegration mailbox authorize for this mailbox",
	"invalid_client": "check ClientId and ClientSecret",
	"unauthorized_client": "the application may not sign in this way: check ClientId and TenantId, " +
		"and allow the grant in the registration",
	"unsupported_grant_type": "the endpoint does not support this way to sign in: check AuthorityURL",
	"invalid_scope":          scopeWrong,
	"invalid_resource":       scopeWrong,
	"access_denied":          "the person or an administrator declined: run mailintegration mailbox authorize again and accept",
	"authorization_declined": "the person or an administrator declined: run mailintegration mailbox authorize again and accept",
	"interaction_required":   useDeviceCode,
	"login_required":         useDeviceCode,
	"consent_required":       hintsByNumber[65001],
	"invalid_request":        "check TenantId, ClientId and Scope",
}

// hintFor returns the hint for a refusal, by its number if that is known, otherwise by its code.
func hintFor(code string, number int) string {
	if hint, known := hintsByNumber[number]; known {
		return hint
	}
	return hintsByCode[code]
}
