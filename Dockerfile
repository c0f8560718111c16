# The production image: a static binary without a shell, run as a user other than root.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
ENV GOWORK=off CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN go build -trimpath -tags nomsgpack -ldflags "-s -w -X main.version=${VERSION}" -o /registrar ./cmd/registrar

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /registrar /registrar
EXPOSE 8080
ENTRYPOINT ["/registrar"]
CMD ["api"]
