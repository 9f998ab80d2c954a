package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

const cloudRetry = 100 * time.Millisecond

// playCloud gives what a cloud would give, so that a fleet with a LoadBalancer Service or a claim
// can become healthy.
func (k *kubelet) playCloud(factory informers.SharedInformerFactory) error {
	onEach := func(informer cache.SharedIndexInformer, act func(context.Context, any) error) error {
		again := func(object any) {
			go func() {
				for act(context.Background(), object) != nil {
					select {
					case <-k.stopped:
						return
					case <-time.After(cloudRetry):
					}
				}
			}()
		}
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    again,
			UpdateFunc: func(_, object any) { again(object) },
		})
		return err
	}
	if err := onEach(factory.Core().V1().Services().Informer(), k.giveAddress); err != nil {
		return err
	}
	return onEach(factory.Core().V1().PersistentVolumeClaims().Informer(), k.bindClaim)
}

// giveAddress answers nil also for a Service that is gone: there is nothing left to do.
func (k *kubelet) giveAddress(ctx context.Context, object any) error {
	service := object.(*corev1.Service)
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 {
		return nil
	}
	n := k.nextIP.Add(1)
	patch := fmt.Appendf(nil, `{"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.%d"}]}}}`, n%254+1)
	_, err := k.client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name,
		types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return ignoreNotFound(err)
}

func (k *kubelet) bindClaim(ctx context.Context, object any) error {
	claim := object.(*corev1.PersistentVolumeClaim)
	if claim.Status.Phase == corev1.ClaimBound || claim.DeletionTimestamp != nil {
		return nil
	}
	claims := k.client.CoreV1().PersistentVolumeClaims(claim.Namespace)
	next := claim.DeepCopy()
	if next.Spec.VolumeName == "" {
		next.Spec.VolumeName = "volume-" + string(claim.UID)
		// The update comes back as an event, and the status is set then.
		_, err := claims.Update(ctx, next, metav1.UpdateOptions{})
		return ignoreNotFound(ignoreConflict(err))
	}
	next.Status.Phase = corev1.ClaimBound
	next.Status.AccessModes = claim.Spec.AccessModes
	next.Status.Capacity = claim.Spec.Resources.Requests
	_, err := claims.UpdateStatus(ctx, next, metav1.UpdateOptions{})
	return ignoreNotFound(ignoreConflict(err))
}
func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// ignoreConflict is for writes made from a watch event: a conflict means that a newer event follows.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
