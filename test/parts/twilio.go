package parts

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The account and the sender of the double.
const (
	TwilioAccount = "AC00000000000000000000000000000001"
	TwilioNumber  = "+15005550006" // Twilio's own sender for tests
)

// Twilio is a double of Twilio's Programmable Messaging: it makes the same checks, sends the same answers, and keeps the
// messages. The numbers of Twilio's test credentials have the same effect, such as +15005550001, which is invalid
// (https://www.twilio.com/docs/iam/test-credentials).
type Twilio struct{ double }

// StartTwilio starts a double. Its Secret is the auth token.
func StartTwilio(t Test) *Twilio {
	s := new(Twilio)
	s.start(t, "0123456789abcdef0123456789abcdef", s.serve)
	return s
}

// URL returns the value for TWILIO_BASE_URL.
func (s *Twilio) URL() string { return s.server.URL }

type twilioRefusal struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func refuse(status, code int, message string) *twilioRefusal {
	return &twilioRefusal{code, message, "https://www.twilio.com/docs/errors/" + strconv.Itoa(code), status}
}

func (s *Twilio) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	refusal := s.check(r)
	if refusal != nil {
		w.WriteHeader(refusal.Status)
		_ = json.NewEncoder(w).Encode(refusal) // fails if the client has disconnected
		return
	}
	form := r.PostForm
	sent := Sent{To: form.Get("To"), Text: form.Get("Body")}
	s.accept(sent)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(message(sent, form.Get("From"))) // fails if the client has disconnected; the outcome is then unknown, as with Twilio
}

// check returns the refusal that Twilio would send for a request, or nil.
func (s *Twilio) check(r *http.Request) *twilioRefusal {
	account, password, _ := r.BasicAuth()
	rest, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/")
	if owner, is := strings.CutSuffix(rest, "/Messages.json"); !ok || !is || r.Method != http.MethodPost {
		return refuse(http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
	} else if owner != TwilioAccount || account != TwilioAccount || !s.isSecret(password) {
		return refuse(http.StatusUnauthorized, 20003, "Authenticate")
	}
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusBadRequest, 20001, err.Error())
	}
	return checkSMS(r.PostForm.Get("To"), r.PostForm.Get("From"), r.PostForm.Get("Body"))
}

var e164 = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// testNumbers are the recipients of Twilio's test credentials.
var testNumbers = map[string]*twilioRefusal{
	"+15005550001": refuse(http.StatusBadRequest, 21211, "Invalid 'To' Phone Number: +1500555XXXX"),
	"+15005550002": refuse(http.StatusBadRequest, 21612, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
	"+15005550003": refuse(http.StatusBadRequest, 21408, "Permission to send an SMS has not been enabled for the region"),
	"+15005550004": refuse(http.StatusBadRequest, 21610, "Attempt to send to unsubscribed recipient"),
	"+15005550009": refuse(http.StatusBadRequest, 21614, "'To' number is not a valid mobile number"),
}

func checkSMS(to, from, body string) *twilioRefusal {
	bad := func(code int, message string) *twilioRefusal { return refuse(http.StatusBadRequest, code, message) }
	switch {
	case to == "":
		return bad(21604, "A 'To' phone number is required.")
	case from == "":
		return bad(21603, "A 'From' phone number is required.")
	case from != TwilioNumber:
		return bad(21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination/account")
	case body == "":
		return bad(21602, "Message body is required.")
	case utf8.RuneCountInString(body) > 1600:
		return bad(21617, "The concatenated message body exceeds the 1600 character limit")
	case !e164.MatchString(to):
		return bad(21211, "Invalid 'To' Phone Number: "+to)
	}
	return testNumbers[to]
}

// message returns Twilio's answer to an accepted message.
func message(s Sent, from string) map[string]any {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	sid := "SM" + hex.EncodeToString(id)
	now := time.Now().UTC().Format(time.RFC1123Z)
	return map[string]any{
		"sid": sid, "account_sid": TwilioAccount, "messaging_service_sid": nil, "api_version": "2010-04-01",
		"to": s.To, "from": from, "body": s.Text, "status": "queued", "direction": "outbound-api",
		"num_segments": "1", "num_media": "0", "price": nil, "price_unit": "USD", "error_code": nil, "error_message": nil,
		"date_created": now, "date_updated": now, "date_sent": nil,
		"uri":              "/2010-04-01/Accounts/" + TwilioAccount + "/Messages/" + sid + ".json",
		"subresource_uris": map[string]string{"media": "/2010-04-01/Accounts/" + TwilioAccount + "/Messages/" + sid + "/Media.json"},
	}
}
