// Package client supports no auto-scaled workers; see ../../../README.md.
package client

import (
	"context"

	"go.temporal.io/api/deployment/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/auto-scaled-workers/wci/workflow/iface"
	"go.temporal.io/server/common/namespace"
	"go.uber.org/fx"
)

// Module provides a client without instances.
var Module = fx.Provide(func() Client { return none{} })

// Client has the methods that the server calls.
type Client interface {
	DescribeWorkerControllerInstance(
		context.Context, *namespace.Namespace, *deployment.WorkerDeploymentVersion,
	) (*iface.QueryDescribeWorkerControllerInstanceResponse, []byte, error)
	ValidateWorkerControllerInstanceSpec(
		ctx context.Context, ns *namespace.Namespace, version *deployment.WorkerDeploymentVersion, identity string,
		upserts map[string]iface.ScalingGroupSpecUpdate, removals []string,
	) error
	UpdateWorkerControllerInstance(
		ctx context.Context, ns *namespace.Namespace, version *deployment.WorkerDeploymentVersion, conflictToken []byte, identity string,
		upserts map[string]iface.ScalingGroupSpecUpdate, removals []string,
	) (*iface.UpdateWorkerControllerInstanceResponse, error)
	DeleteWorkerControllerInstance(
		ctx context.Context, ns *namespace.Namespace, version *deployment.WorkerDeploymentVersion, identity string,
	) error
}

var errNone = serviceerror.NewInvalidArgument("this server has no auto-scaled workers")

// none is a Client without instances.
type none struct{}

func (none) DescribeWorkerControllerInstance(
	context.Context, *namespace.Namespace, *deployment.WorkerDeploymentVersion,
) (*iface.QueryDescribeWorkerControllerInstanceResponse, []byte, error) {
	return nil, nil, serviceerror.NewNotFound("this server has no auto-scaled workers")
}

func (none) ValidateWorkerControllerInstanceSpec(
	context.Context, *namespace.Namespace, *deployment.WorkerDeploymentVersion, string, map[string]iface.ScalingGroupSpecUpdate, []string,
) error {
	return errNone
}

func (none) UpdateWorkerControllerInstance(
	context.Context, *namespace.Namespace, *deployment.WorkerDeploymentVersion, []byte, string,
	map[string]iface.ScalingGroupSpecUpdate, []string,
) (*iface.UpdateWorkerControllerInstanceResponse, error) {
	return nil, errNone
}

func (none) DeleteWorkerControllerInstance(
	context.Context, *namespace.Namespace, *deployment.WorkerDeploymentVersion, string,
) error {
	return nil
}
