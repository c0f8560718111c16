package metrics_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/admission"
	"registrar/internal/metrics"
)

func TestAdmissionMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New("test")
	a := m.Admission(admission.New(admission.Options{Min: 7, Max: 7}))
	require.NotNil(t, a.Admit(false))
	a.Refused(admission.ReasonRegistration)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		"registrar_admission_limit 7", "registrar_admission_in_flight 1",
		`registrar_admission_refused_total{reason="registration"} 1`, `registrar_admission_refused_total{reason="password_check"} 0`,
	} {
		require.Contains(t, w.Body.String(), "\n"+line+"\n")
	}
}
