package storetest

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

// newCampaign returns a campaign with texts of the maximum size, as StoreCampaign stores it.
func newCampaign(locale string) campaign.Stored {
	return campaign.Stored{
		Campaign: campaign.Campaign{
			ID: uuid.NewString(), CreatedAt: micro(noon),
			Request: campaign.Request{
				Content: campaign.Content{
					Name: "spring 🌱", Subject: "Hello {{first_name}}", Locale: locale,
					Text: strings.Repeat("é", campaign.MaxText/2), HTML: strings.Repeat("é", campaign.MaxHTML/2),
				},
				Rate: 12.5,
			},
		},
		Progress: campaign.Progress{Status: campaign.StatusScheduled},
	}
}

func requireCampaign(t *testing.T, s *store.Store, want campaign.Stored) {
	t.Helper()
	got, found, err := s.Campaign(within(t), want.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, want, got)
}

func start(t *testing.T, s *store.Store, c campaign.Stored, at time.Time) campaign.Stored {
	t.Helper()
	started, found, err := s.StartCampaign(within(t), c.ID, at)
	require.NoError(t, err)
	require.True(t, found)
	return started
}

func testCampaign(t *testing.T, s *store.Store) {
	for _, unknown := range []string{uuid.NewString(), "", "не найдено"} {
		_, found, err := s.Campaign(within(t), unknown)
		require.NoError(t, err)
		require.False(t, found)
		_, found, err = s.StartCampaign(within(t), unknown, noon)
		require.NoError(t, err)
		require.False(t, found)
		require.NoError(t, s.SetCampaignStatus(within(t), unknown, campaign.StatusFailed, noon))
	}

	c := newCampaign("de")
	c.ScheduleAt = micro(evening)
	require.NoError(t, s.StoreCampaign(within(t), c.Campaign))
	requireCampaign(t, s, c)
	changed := c
	changed.Content.Name, changed.Content.Text = "another", "another"
	require.NoError(t, s.StoreCampaign(within(t), changed.Campaign))
	requireCampaign(t, s, c)

	optIn(t, s, "a@example.org", "de", noon)
	soon := time.Now().Add(time.Hour)
	require.NoError(t, s.SetCampaignStatus(within(t), c.ID, campaign.StatusPaused, time.Time{}))
	started := start(t, s, c, soon)
	c.Status, c.StartedAt, c.Recipients = campaign.StatusRunning, micro(soon), 1
	require.Equal(t, c, started)

	require.NoError(t, s.SetCampaignStatus(within(t), c.ID, campaign.StatusCancelled, evening))
	c.Status, c.EndedAt = campaign.StatusCancelled, micro(evening)
	requireCampaign(t, s, c)

	optIn(t, s, "b@example.org", "de", noon)
	again := start(t, s, c, soon.Add(time.Hour))
	c.Status, c.EndedAt = campaign.StatusRunning, time.Time{}
	require.Equal(t, c, again, "the first start fixed the audience")
}

// optIn creates an active user who consented to campaigns.
func optIn(t *testing.T, s *store.Store, address, locale string, agreed time.Time) string {
	t.Helper()
	r := registration(address, at(agreed))
	r.Profile.Email = strings.ToUpper(address[:1]) + address[1:]
	r.Profile.Locale, r.Profile.MarketingConsent = locale, true
	id := persist(t, s, r).UserID
	require.NoError(t, verified(s, within(t), user.Activation{Registration: r, At: agreed, EmailProven: true}))
	return id
}

// insertSuppression adds a suppression without changing the consent.
func insertSuppression(t *testing.T, s *store.Store, address string, reason message.SuppressionReason, since time.Time) {
	t.Helper()
	_, err := s.Pool().ExecContext(within(t),
		"INSERT INTO suppressions (address, reason, source, since) VALUES (?, ?, 'test', ?)", address, string(reason), micro(since))
	require.NoError(t, err)
}

// addressees returns the user ids of an audience, read in pages.
func addressees(t *testing.T, s *store.Store, audience campaign.Audience, page int) []string {
	t.Helper()
	var all []string
	after := ""
	for {
		people, err := s.Addressees(within(t), audience, after, page)
		require.NoError(t, err)
		if len(people) == 0 {
			return all
		}
		require.LessOrEqual(t, len(people), page)
		for _, p := range people {
			require.Greater(t, p.UserID, after)
			after = p.UserID
			all = append(all, p.UserID)
		}
	}
}

func testAudience(t *testing.T, s *store.Store) {
	audience := campaign.Audience{Before: time.Now().Add(time.Minute)}
	require.Empty(t, addressees(t, s, audience, 10))

	persist(t, s, registration("pending@example.org"))
	refuses := registration("refuses@example.org")
	persist(t, s, refuses)
	require.NoError(t, verified(s, within(t), byEmail(refuses)))
	unproven := registration("unproven@example.org")
	unproven.Profile.MarketingConsent = true
	persist(t, s, unproven)
	activate(t, s, unproven)
	de, at, den := optIn(t, s, "de@example.org", "de", noon), optIn(t, s, "at@example.org", "de-AT", noon), optIn(t, s, "den@example.org", "den", noon)
	none := optIn(t, s, "none@example.org", "", noon)
	whole := noon.Truncate(time.Second)
	for reason, since := range map[message.SuppressionReason]time.Time{message.Bounced: noon, message.Complained: noon.Add(-24 * time.Hour)} {
		address := string(reason) + "@example.org"
		optIn(t, s, address, "de", evening)
		insertSuppression(t, s, address, reason, since)
	}
	optIn(t, s, "left@example.org", "de", noon)
	insertSuppression(t, s, "left@example.org", message.Unsubscribed, noon)
	again := optIn(t, s, "again@example.org", "de", noon)
	insertSuppression(t, s, "again@example.org", message.Unsubscribed, whole)
	otherSpelling := optIn(t, s, "spelled@example.org", "de", noon)
	insertSuppression(t, s, "Spelled@example.org", message.Bounced, noon)

	require.Equal(t, []string{de, at, den, none, again, otherSpelling}, addressees(t, s, audience, 2))
	require.Equal(t, []string{de, at, den, none, again, otherSpelling}, addressees(t, s, audience, 100))
	audience.Locale = "de"
	require.Equal(t, []string{de, at, again, otherSpelling}, addressees(t, s, audience, 1))
	audience.Locale = "de-AT"
	require.Equal(t, []string{at}, addressees(t, s, audience, 10))
	audience.Locale = "d%"
	require.Empty(t, addressees(t, s, audience, 10))

	people, err := s.Addressees(within(t), campaign.Audience{Before: audience.Before}, "", 1)
	require.NoError(t, err)
	require.Equal(t, []campaign.Addressee{{UserID: de, Email: "De@example.org", FirstName: "Ada"}}, people)
	require.Empty(t, addressees(t, s, campaign.Audience{Before: time.Now().Add(-time.Hour)}, 10), "they registered later")
}

func batch(campaignID string, number int) campaign.Batch {
	return campaign.Batch{
		CampaignID: campaignID, Number: number, After: uuid.NewString(), Last: uuid.NewString(), Size: 10, Rejected: 2,
		Receipt: message.Receipt{Provider: "mailgun", MessageID: "<1@example.org>"}, SentAt: micro(noon),
	}
}

func testCampaignBatches(t *testing.T, s *store.Store) {
	c := newCampaign("")
	require.NoError(t, s.StoreCampaign(within(t), c.Campaign))
	_, found, err := s.CampaignBatch(within(t), c.ID, 1)
	require.NoError(t, err)
	require.False(t, found)

	first, second, other := batch(c.ID, 1), batch(c.ID, 2), batch(uuid.NewString(), 1)
	first.After = ""
	second.Receipt.MessageID = strings.Repeat("é", 300)
	for _, b := range []*campaign.Batch{&second, &other, &first} {
		kept, err := s.RecordCampaignBatch(within(t), *b)
		require.NoError(t, err)
		b.Receipt.MessageID = string([]rune(b.Receipt.MessageID)[:min(255, len([]rune(b.Receipt.MessageID)))])
		require.Equal(t, *b, kept)
	}
	late := batch(c.ID, 1)
	kept, err := s.RecordCampaignBatch(within(t), late)
	require.NoError(t, err)
	require.Equal(t, first, kept)
	got, found, err := s.CampaignBatch(within(t), c.ID, 1)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, first, got)
	c.Sent, c.Rejected = 16, 4
	requireCampaign(t, s, c)
}

func testRaceCampaignBatch(t *testing.T, s *store.Store) {
	c := newCampaign("")
	require.NoError(t, s.StoreCampaign(within(t), c.Campaign))
	kept, errs := make([]campaign.Batch, 20), make([]error, 20)
	var calls []func()
	for i := range kept {
		ctx := within(t)
		calls = append(calls, func() {
			b := batch(c.ID, 1)
			b.Receipt.MessageID = strconv.Itoa(i)
			kept[i], errs[i] = s.RecordCampaignBatch(ctx, b)
		})
	}
	runConcurrently(calls...)
	require.NoError(t, errors.Join(errs...))
	for _, b := range kept {
		require.Equal(t, kept[0], b)
	}
	c.Sent, c.Rejected = 8, 2
	requireCampaign(t, s, c)
}
