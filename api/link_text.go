package api

import "golang.org/x/text/language"

// pageKind names a page of a link in an email.
type pageKind int

// The pages that ask come before the link takes effect, the others after it.
const (
	pageInvalidLink pageKind = iota

	pageAskUnsubscribe
	pageUnsubscribed
	pageNotUnsubscribed

	pageAskConfirm
	pageConfirmed
	pageAskDisown
	pageDisowned
	pageTooLate
	pageVoid
	pageAccepted
	pageTryAgain
	pageExpired
)

type pageText struct {
	Title, Text string
	Button      string // empty: none
}

// linkText is all pages in one language.
type linkText struct {
	tag   language.Tag
	dir   string
	pages map[pageKind]pageText
}

// linkTexts has the languages of the built-in messages. The first is the fallback.
var linkTexts = []linkText{
	{language.English, "ltr", map[pageKind]pageText{
		pageInvalidLink: {"This link is incomplete", "Please open it from the email again, or copy the whole link.", ""},

		pageAskUnsubscribe:  {"Unsubscribe?", "We will send you no more news by email. You will still get messages about your account.", "Unsubscribe"},
		pageUnsubscribed:    {"You are unsubscribed", "We will send you no more news by email. An email that is already on its way can still arrive in the next few minutes.", ""},
		pageNotUnsubscribed: {"Please try again", "We could not save this just now, so you are not unsubscribed yet. Please try again in a minute.", "Try again"},

		pageAskConfirm: {"Is this your account?", "Confirm your email address only if you created the account yourself. The address then belongs to the account.", "Confirm this address"},
		pageConfirmed:  {"Your address is confirmed", "This email address now belongs to your account.", ""},
		pageAskDisown:  {"Did somebody else use your address?", "If you did not create this account, you can remove your email address from it.", "Remove my address"},
		pageDisowned:   {"Your address is removed", "The account no longer has your email address. You need not do anything else.", ""},
		pageTooLate:    {"This address is already confirmed", "Somebody who can read its mail has confirmed it, so we did not remove it. If that was not you, please contact us.", ""},
		pageVoid:       {"There is nothing to change", "The account no longer has this email address, or no longer exists.", ""},
		pageAccepted:   {"We have received your request", "It will take effect soon. You can close this page.", ""},
		pageTryAgain:   {"Please try again", "We could not save this just now. Please try again in a minute.", "Try again"},
		pageExpired:    {"This link has expired", "It worked for three days. If you still need it, please contact us.", ""},
	}},
	{language.German, "ltr", map[pageKind]pageText{
		pageInvalidLink: {"Dieser Link ist nicht vollständig", "Bitte öffnen Sie ihn noch einmal aus der E-Mail oder kopieren Sie ihn ganz.", ""},

		pageAskUnsubscribe:  {"Abmelden?", "Sie erhalten dann keine Neuigkeiten mehr von uns per E-Mail. Nachrichten zu Ihrem Konto kommen weiterhin.", "Abmelden"},
		pageUnsubscribed:    {"Sie sind abgemeldet", "Sie erhalten keine Neuigkeiten mehr von uns per E-Mail. Bei einer Sendung, die gerade unterwegs ist, kann es einige Minuten dauern.", ""},
		pageNotUnsubscribed: {"Bitte versuchen Sie es noch einmal", "Wir konnten das gerade nicht speichern. Bitte versuchen Sie es in einer Minute wieder; noch sind Sie nicht abgemeldet.", "Noch einmal"},

		pageAskConfirm: {"Ist das Ihr Konto?", "Bestätigen Sie Ihre E-Mail-Adresse nur, wenn Sie das Konto selbst angelegt haben. Die Adresse gehört dann zum Konto.", "Adresse bestätigen"},
		pageConfirmed:  {"Ihre Adresse ist bestätigt", "Diese E-Mail-Adresse gehört jetzt zu Ihrem Konto.", ""},
		pageAskDisown:  {"Hat jemand anderes Ihre Adresse benutzt?", "Wenn Sie dieses Konto nicht angelegt haben, können Sie Ihre E-Mail-Adresse daraus entfernen.", "Meine Adresse entfernen"},
		pageDisowned:   {"Ihre Adresse ist entfernt", "Das Konto hat Ihre E-Mail-Adresse nicht mehr. Sie müssen nichts weiter tun.", ""},
		pageTooLate:    {"Diese Adresse ist schon bestätigt", "Jemand, der ihre E-Mails lesen kann, hat sie bestätigt; deshalb haben wir sie nicht entfernt. Wenn Sie das nicht waren, wenden Sie sich bitte an uns.", ""},
		pageVoid:       {"Es gibt nichts zu ändern", "Das Konto hat diese E-Mail-Adresse nicht mehr, oder es besteht nicht mehr.", ""},
		pageAccepted:   {"Wir haben Ihre Anfrage erhalten", "Sie wird in Kürze wirksam. Sie können diese Seite schließen.", ""},
		pageTryAgain:   {"Bitte versuchen Sie es noch einmal", "Wir konnten das gerade nicht speichern. Bitte versuchen Sie es in einer Minute wieder.", "Noch einmal"},
		pageExpired:    {"Dieser Link ist abgelaufen", "Er galt drei Tage. Wenn Sie ihn noch brauchen, wenden Sie sich bitte an uns.", ""},
	}},
	{language.Arabic, "rtl", map[pageKind]pageText{
		pageInvalidLink: {"هذا الرابط غير مكتمل", "يرجى فتحه من الرسالة مرة أخرى أو نسخه كاملاً.", ""},

		pageAskUnsubscribe:  {"إلغاء الاشتراك؟", "لن تصلك أخبار منا بالبريد الإلكتروني بعد ذلك. أما الرسائل المتعلقة بحسابك فستستمر.", "إلغاء الاشتراك"},
		pageUnsubscribed:    {"تم إلغاء اشتراكك", "لن تصلك أخبار منا بالبريد الإلكتروني بعد الآن. قد يستغرق الأمر بضع دقائق إذا كان هناك إرسال جارٍ.", ""},
		pageNotUnsubscribed: {"يرجى المحاولة مرة أخرى", "لم نتمكن من حفظ ذلك الآن. يرجى المحاولة مرة أخرى بعد دقيقة؛ لم يُلغَ اشتراكك بعد.", "المحاولة مرة أخرى"},

		pageAskConfirm: {"هل هذا حسابك؟", "لا تؤكد عنوان بريدك الإلكتروني إلا إذا أنشأت الحساب بنفسك. يصبح العنوان بعدها تابعًا للحساب.", "تأكيد هذا العنوان"},
		pageConfirmed:  {"تم تأكيد عنوانك", "أصبح عنوان البريد الإلكتروني هذا تابعًا لحسابك.", ""},
		pageAskDisown:  {"هل استخدم شخص آخر عنوانك؟", "إذا لم تكن قد أنشأت هذا الحساب، فيمكنك إزالة عنوان بريدك الإلكتروني منه.", "إزالة عنواني"},
		pageDisowned:   {"تمت إزالة عنوانك", "لم يعد عنوان بريدك الإلكتروني في هذا الحساب. ليس عليك فعل أي شيء آخر.", ""},
		pageTooLate:    {"تم تأكيد هذا العنوان من قبل", "أكّده شخص يستطيع قراءة رسائله، ولذلك لم نزله. إذا لم تكن أنت من فعل ذلك، فيرجى التواصل معنا.", ""},
		pageVoid:       {"لا يوجد ما يمكن تغييره", "لم يعد عنوان البريد الإلكتروني هذا في الحساب، أو لم يعد الحساب موجودًا.", ""},
		pageAccepted:   {"لقد تلقينا طلبك", "سيصبح نافذًا قريبًا. يمكنك إغلاق هذه الصفحة.", ""},
		pageTryAgain:   {"يرجى المحاولة مرة أخرى", "لم نتمكن من حفظ ذلك الآن. يرجى المحاولة مرة أخرى بعد دقيقة.", "المحاولة مرة أخرى"},
		pageExpired:    {"انتهت صلاحية هذا الرابط", "كان صالحًا لمدة ثلاثة أيام. إذا كنت لا تزال بحاجة إليه، فيرجى التواصل معنا.", ""},
	}},
}

var linkLanguages = func() language.Matcher {
	tags := make([]language.Tag, len(linkTexts))
	for i, t := range linkTexts {
		tags[i] = t.tag
	}
	return language.NewMatcher(tags)
}()
