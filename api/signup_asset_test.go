package api

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
)

// fetch answers a request without a body. header has names and values in turn.
func (s *service) fetch(method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func TestHeadersOfThePage(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	w := s.fetch("GET", "/", "Accept-Language", "ar")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), `<html lang="ar" dir="rtl">`)
	for name, value := range map[string]string{
		"Content-Language": "ar", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		// With no-referrer, browsers would send no origin with a form.
		"Referrer-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		require.Equal(t, value, w.Header().Get(name))
	}
	require.ElementsMatch(t, []string{"Accept-Language, Cookie", "Accept-Encoding"}, w.Header().Values("Vary"))
	require.Empty(t, w.Header().Values("Set-Cookie"))
}

func TestAssetsOfThePage(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	found := regexp.MustCompile(`(?:href|src)="(/signup/assets/[^"]+)"`).FindAllStringSubmatch(s.fetch("GET", "/").Body.String(), -1)
	require.Len(t, found, 2, "a style sheet and a script")
	for _, asset := range found {
		w := s.fetch("GET", asset[1], "Accept-Encoding", "gzip")
		require.Equal(t, 200, w.Code)
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, "cross-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		r, err := gzip.NewReader(w.Body)
		require.NoError(t, err)
		small, err := io.ReadAll(r)
		require.NoError(t, err)
		plain := s.fetch("GET", asset[1])
		require.Empty(t, plain.Header().Get("Content-Encoding"))
		require.Equal(t, plain.Body.Bytes(), small)
	}
	requireProblem(t, s.send(t, "GET", "/signup/assets/page.css", ""), 404, openapi.ProblemCodeNotFound)
}

// TestPageWithATokenIsNotCompressed: the size of a compressed page could reveal its token (BREACH).
func TestPageWithATokenIsNotCompressed(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	require.Equal(t, "gzip", s.browse().s.fetch("GET", "/", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
	p := s.withRegistration("Accept-Encoding", "gzip").open(t, "/")
	require.Empty(t, p.Header().Get("Content-Encoding"))
	require.Contains(t, p.Body.String(), keyring().RegistrationToken(registrationID), "the script continues the registration")
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) { d.Origins, d.EmbedOrigins = []string{appOrigin, otherOrigin}, []string{otherOrigin} })
	cookie := registrationID + "." + keyring().RegistrationToken(registrationID)
	w := s.fetch("GET", "/signup/embed?lang=de", "Origin", otherOrigin, "Cookie", signupCookieName+"="+cookie)
	require.Equal(t, 200, w.Code)
	require.Equal(t, otherOrigin, corsHeaders(w.Header())["Access-Control-Allow-Origin"])
	require.NotContains(t, corsHeaders(w.Header()), "Access-Control-Allow-Credentials")
	shown := w.Body.String()
	require.True(t, strings.HasPrefix(shown, `<div id="signup"`), "a fragment")
	for _, want := range []string{"Konto anlegen", `<template data-step="code">`, `id="signup-data"`, `"registration":null`, `"styles":`, `lang="de" dir="ltr"`} {
		require.Contains(t, shown, want)
	}
	require.NotContains(t, shown, registrationID, "no data of a user")
	require.NotContains(t, shown, "<main", "the other site has its own")

	require.Empty(t, corsHeaders(s.fetch("GET", "/signup/embed", "Origin", appOrigin).Header()), "it may call the API, but not embed the form")
	require.Empty(t, corsHeaders(s.fetch("GET", "/", "Origin", otherOrigin).Header()))
	require.NotEmpty(t, corsHeaders(s.send(t, "POST", registrations, with(validBody(), nil), "Origin", otherOrigin).Header()))
}

func TestEmbedScript(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	w := s.fetch("GET", "/signup/embed.js")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "cross-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
	found := regexp.MustCompile(`^import "(/signup/assets/embed-[0-9a-f]{12}\.js)";\n$`).FindStringSubmatch(w.Body.String())
	require.Len(t, found, 2, w.Body)
	require.Equal(t, 200, s.fetch("GET", found[1]).Code)
}
