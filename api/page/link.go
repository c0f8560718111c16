package page

// LinkPage names a page of a link in an email.
type LinkPage string

// The pages that ask come before the link takes effect, the others after it.
const (
	LinkInvalid LinkPage = "invalid"

	LinkAskUnsubscribe  LinkPage = "ask_unsubscribe"
	LinkUnsubscribed    LinkPage = "unsubscribed"
	LinkNotUnsubscribed LinkPage = "not_unsubscribed"

	LinkAskConfirm LinkPage = "ask_confirm"
	LinkConfirmed  LinkPage = "confirmed"
	LinkAskDisown  LinkPage = "ask_disown"
	LinkDisowned   LinkPage = "disowned"
	LinkTooLate    LinkPage = "too_late"
	LinkVoid       LinkPage = "void"
	LinkAccepted   LinkPage = "accepted"
	LinkTryAgain   LinkPage = "try_again"
	LinkExpired    LinkPage = "expired"
)

// LinkText returns a part of the page's text: title, text or button. Pages without a button have no text for it.
func (v view) LinkText(part string) string {
	return v.texts.first("link." + string(v.link) + "." + part)
}
