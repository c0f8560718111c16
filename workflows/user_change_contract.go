package workflows

import (
	"context"
	"time"

	"registrar/internal/user"
)

// UserChangeWorkflowType is the name of UserChangeWorkflow for clients. Its Update is UpdateMade.
const UserChangeWorkflowType = "UserChangeWorkflow"

// UserChangeWorkflowID is the id of the workflow that makes a change. The id begins with the user's, so that an erasure finds
// all changes of a user.
func UserChangeWorkflowID(userID, changeID string) string {
	return "user-change-" + userID + "-" + changeID
}

// ErasureWorkflowID is the id of the workflow that erases a user or a registration.
func ErasureWorkflowID(id string) string { return UserChangeWorkflowID(id, user.ErasureID(id)) }

// UserChangeInput starts UserChangeWorkflow.
type UserChangeInput struct {
	ChangeID    string
	UserID      string // for an erasure, it may be the id of a registration
	Kind        user.ChangeKind
	Actor       string
	At          time.Time
	Set         user.Change
	Budgets     Budgets
	ParkingTime time.Duration // how long a failed step waits for an operator
}

// Erases reports whether the change is an erasure.
func (in UserChangeInput) Erases() bool { return in.Kind == user.ChangeErase }

func (in UserChangeInput) request() user.ChangeRequest {
	return user.ChangeRequest{ID: in.ChangeID, UserID: in.UserID, Kind: in.Kind, Actor: in.Actor, At: in.At, Set: in.Set}
}

// UserChangeResult is the result of UserChangeWorkflow.
type UserChangeResult struct {
	Outcome  user.ChangeOutcome
	Conflict user.Code `json:",omitempty"` // why, if the outcome is a conflict
}

// ChangeActivities are the steps of UserChangeWorkflow. Each is idempotent.
type ChangeActivities interface {
	// ChangeUser makes a change in the database. It does not erase.
	ChangeUser(context.Context, ChangeUserInput) (user.ChangeResult, error)
	// StopWorkflows cancels the running registration and links of an erased user, and waits for their end.
	StopWorkflows(context.Context, StopWorkflowsInput) (StopWorkflowsResult, error)
	// ForgetLimits deletes the counts of messages to the user's destinations.
	ForgetLimits(context.Context, ErasedInput) (ErasedResult, error)
	// EraseUser deletes everything about the user from the database, and records the receipt.
	EraseUser(context.Context, EraseUserInput) (user.ChangeResult, error)
	// DeleteHistories deletes the workflows of the erased user from Temporal, with their histories.
	DeleteHistories(context.Context, ErasedInput) (ErasedResult, error)
	// CompleteErasure sets the time of the receipt.
	CompleteErasure(context.Context, CompleteErasureInput) (ErasedResult, error)
}

// ChangeUserInput is the input of ChangeUser.
type ChangeUserInput struct{ Request user.ChangeRequest }

// StopWorkflowsInput is the input of StopWorkflows.
type StopWorkflowsInput struct{ ID string } // of a user or a registration

// StopWorkflowsResult is the result of StopWorkflows.
type StopWorkflowsResult struct {
	Found bool // there is, or was, such a user or registration
	Erased
	// Stopped is true if a workflow was running. A message may then still be on its way to the provider.
	Stopped bool
}

// Erased has the ids of what an erasure deletes.
type Erased struct {
	UserID         string
	RegistrationID string
	Registrations  []string // earlier ones of the same address that have no user
}

// ErasedInput is the input of a step that needs only the ids.
type ErasedInput struct{ Erased Erased }

// ErasedResult is the result of a step that only deletes.
type ErasedResult struct{}

// EraseUserInput is the input of EraseUser.
type EraseUserInput struct{ Erasure user.Erasure }

// CompleteErasureInput is the input of CompleteErasure.
type CompleteErasureInput struct {
	ID string // of the receipt
	At time.Time
}
