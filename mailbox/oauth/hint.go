package oauth

// transientNumbers are the numbers of Microsoft's own troubles, whatever the code beside them.
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
	authorize     = "the authorization is no longer good: run mailintegration mailbox authorize for this mailbox again"
	userWrong     = "check UserName and Password"
	tenantWrong   = "check TenantId, and AuthorityURL for a national cloud"
	scopeWrong    = "check Scope: it must name permissions of Exchange Online, and end with /.default when ClientSecret is used"
)

// hintsByNumber are what to do about the commoner of Microsoft's numbers.
var hintsByNumber = map[int]string{
	50034:   "there is no such user in this tenant: check UserName and TenantId",
	50053:   "the account is locked after too many sign-ins with a wrong password: correct Password and wait, or unlock it",
	50055:   "the password has expired: set a new one, and write it into the mailbox's file",
	50056:   userWrong + "; an account without a password in Entra cannot sign in with one",
	50057:   "the account is disabled: enable it in Entra",
	50126:   userWrong,
	50076:   useDeviceCode,
	50079:   useDeviceCode,
	50158:   useDeviceCode,
	53000:   "conditional access wants a managed device: exempt the application, or use ClientSecret",
	53003:   "conditional access forbids it: exempt the application or the mailbox, or use ClientSecret",
	50078:   authorize,
	50089:   authorize,
	50173:   authorize,
	70000:   authorize,
	70008:   authorize,
	70043:   authorize,
	700082:  authorize,
	700084:  authorize,
	65001:   "nobody consented: let an administrator grant POP.AccessAsUser.All (with ClientSecret: POP.AccessAsApp) of Office 365 Exchange Online to the application",
	65004:   "the person declined to consent: run mailintegration mailbox authorize again and accept",
	70011:   scopeWrong,
	1002012: scopeWrong,
	500011:  scopeWrong,
	700016:  "there is no such application in this tenant: check ClientId and TenantId",
	700025:  "the application is a public one, which has no secret: remove ClientSecret",
	7000112: "the application is disabled: enable it in Entra",
	7000215: "check ClientSecret: it is the secret's Value, not its Secret ID",
	7000216: "the application needs a secret: write ClientSecret, or allow public client flows in the registration",
	7000218: "allow public client flows in the registration (Authentication, Advanced settings), or write ClientSecret",
	7000222: "the client secret has expired: make a new one in the registration (Certificates & secrets), and write it into ClientSecret",
	90002:   tenantWrong,
	900021:  tenantWrong,
	900023:  tenantWrong,
	900382:  "a tenant of another cloud: check AuthorityURL",
	900439:  "a tenant of another cloud: check AuthorityURL",
}

// hintsByCode are for refusals without a number that is known.
var hintsByCode = map[string]string{
	"invalid_grant":          "what was authorized is no longer good: check UserName and Password, or run mailintegration mailbox authorize for this mailbox",
	"invalid_client":         "check ClientId and ClientSecret",
	"unauthorized_client":    "the application may not use this way to sign in: check ClientId and TenantId, and allow it in the registration",
	"unsupported_grant_type": "the endpoint does not know this way to sign in: check AuthorityURL",
	"invalid_scope":          scopeWrong,
	"invalid_resource":       scopeWrong,
	"access_denied":          "the person or an administrator declined: run mailintegration mailbox authorize again and accept",
	"authorization_declined": "the person or an administrator declined: run mailintegration mailbox authorize again and accept",
	"interaction_required":   useDeviceCode,
	"login_required":         useDeviceCode,
	"consent_required":       hintsByNumber[65001],
	"invalid_request":        "check TenantId, ClientId and Scope",
}

// hintFor is the best that is known of a refusal.
func hintFor(code string, number int) string {
	if hint, known := hintsByNumber[number]; known {
		return hint
	}
	return hintsByCode[code]
}
