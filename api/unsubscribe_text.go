package api

import "golang.org/x/text/language"

// pageKind names a page of the unsubscribe link.
type pageKind int

const (
	pageConfirm pageKind = iota
	pageDone
	pageInvalidLink
	pageUnavailable
)

type pageText struct {
	Title, Text string
	Button      string // empty: none
}

// unsubscribeText is all pages in one language.
type unsubscribeText struct {
	tag   language.Tag
	dir   string
	pages map[pageKind]pageText
}

// unsubscribeTexts has the languages of the built-in messages. The first is the fallback.
var unsubscribeTexts = []unsubscribeText{
	{language.English, "ltr", map[pageKind]pageText{
		pageConfirm:     {"Unsubscribe?", "We will send you no more news by email. You will still get messages about your account.", "Unsubscribe"},
		pageDone:        {"You are unsubscribed", "We will send you no more news by email. An email that is already on its way can still arrive in the next few minutes.", ""},
		pageInvalidLink: {"This link is incomplete", "Please open it from the email again, or copy the whole link.", ""},
		pageUnavailable: {"Please try again", "We could not save this just now, so you are not unsubscribed yet. Please try again in a minute.", "Try again"},
	}},
	{language.German, "ltr", map[pageKind]pageText{
		pageConfirm:     {"Abmelden?", "Sie erhalten dann keine Neuigkeiten mehr von uns per E-Mail. Nachrichten zu Ihrem Konto kommen weiterhin.", "Abmelden"},
		pageDone:        {"Sie sind abgemeldet", "Sie erhalten keine Neuigkeiten mehr von uns per E-Mail. Bei einer Sendung, die gerade unterwegs ist, kann es einige Minuten dauern.", ""},
		pageInvalidLink: {"Dieser Link ist nicht vollständig", "Bitte öffnen Sie ihn noch einmal aus der E-Mail oder kopieren Sie ihn ganz.", ""},
		pageUnavailable: {"Bitte versuchen Sie es noch einmal", "Wir konnten das gerade nicht speichern. Bitte versuchen Sie es in einer Minute wieder; noch sind Sie nicht abgemeldet.", "Noch einmal"},
	}},
	{language.Arabic, "rtl", map[pageKind]pageText{
		pageConfirm:     {"إلغاء الاشتراك؟", "لن تصلك أخبار منا بالبريد الإلكتروني بعد ذلك. أما الرسائل المتعلقة بحسابك فستستمر.", "إلغاء الاشتراك"},
		pageDone:        {"تم إلغاء اشتراكك", "لن تصلك أخبار منا بالبريد الإلكتروني بعد الآن. قد يستغرق الأمر بضع دقائق إذا كان هناك إرسال جارٍ.", ""},
		pageInvalidLink: {"هذا الرابط غير مكتمل", "يرجى فتحه من الرسالة مرة أخرى أو نسخه كاملاً.", ""},
		pageUnavailable: {"يرجى المحاولة مرة أخرى", "لم نتمكن من حفظ ذلك الآن. يرجى المحاولة مرة أخرى بعد دقيقة؛ لم يُلغَ اشتراكك بعد.", "المحاولة مرة أخرى"},
	}},
}

var unsubscribeLanguages = func() language.Matcher {
	tags := make([]language.Tag, len(unsubscribeTexts))
	for i, t := range unsubscribeTexts {
		tags[i] = t.tag
	}
	return language.NewMatcher(tags)
}()
