package api

import "golang.org/x/text/language"

// pageKind is which page of the unsubscribe link is meant.
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

// unsubscribeText is the pages in one language.
type unsubscribeText struct {
	tag   language.Tag
	dir   string
	pages map[pageKind]pageText
}

// unsubscribeTexts are the languages of the built-in messages. The first is for everybody else.
var unsubscribeTexts = []unsubscribeText{
	{language.English, "ltr", map[pageKind]pageText{
		pageConfirm:     {"Unsubscribe?", "You will get no more news from us by email. Messages about your account still come.", "Unsubscribe"},
		pageDone:        {"You are unsubscribed", "You will get no more news from us by email. It can take a few minutes until that reaches a mailing that is on its way.", ""},
		pageInvalidLink: {"This link is not whole", "Please open it from the email once more, or copy all of it.", ""},
		pageUnavailable: {"Please try again", "We could not write this down just now. Please try again in a minute; you are not unsubscribed yet.", "Try again"},
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
