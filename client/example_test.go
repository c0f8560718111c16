package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"registrar/client"
	"registrar/client/openapi"
)

// The whole journey: register, enter the code, done. dev/server runs the same calls against the real service.
func Example() {
	ctx := context.Background()
	c, err := client.New("http://localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	registration, err := c.Register(ctx, openapi.RegistrationRequest{
		FirstName: "Zoë", LastName: "Nguyễn", Email: "zoe@example.com", Password: "violet-harbour-91-kettle",
	})
	var problem *client.Problem
	switch {
	case errors.As(err, &problem) && problem.Code == openapi.ProblemCodeEmailTaken:
		fmt.Println("You have an account. Please log in.")
		return
	case errors.As(err, &problem) && problem.Code == openapi.ProblemCodeValidationFailed:
		for _, e := range problem.Errors {
			fmt.Println(e.Field, e.Message)
		}
		return
	case err != nil:
		log.Fatal(err)
	}

	fmt.Println("Please enter the code that we sent you:")
	var code string
	if _, err := fmt.Scanln(&code); err != nil {
		log.Fatal(err)
	}
	progress, err := registration.Verify(ctx, code)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(progress.Message) // Your account is active.
}

// Another process continues a registration: it needs its id and its token.
func ExampleClient_Registration() {
	c, err := client.New("http://localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	registration := c.Registration("0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01", "mfrggzdfmztwq2lknnwg23tpobyxe43u")
	state, err := registration.Get(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(state.Status)
}
