package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const (
	nodeName       = "node-1"
	kubeletWorkers = 4
)

// kubelet plays the one node of a cluster, its scheduler and its cloud: it binds pods, makes them
// Ready (or broken as podStateAnnotation says), ends those of Jobs, removes deleted ones, gives
// LoadBalancer Services an address and binds claims for volumes. Nothing runs.
type kubelet struct {
	client  kubernetes.Interface
	pods    cache.SharedIndexInformer
	queue   workqueue.TypedRateLimitingInterface[string]
	nextIP  atomic.Uint32
	stopped chan struct{}
}

func startKubelet(c *cluster) (*kubelet, error) {
	client, err := kubernetes.NewForConfig(c.config(kubeletUser))
	if err != nil {
		return nil, err
	}
	if err := createNode(client); err != nil {
		return nil, fmt.Errorf("create node %s: %w", nodeName, err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	k := &kubelet{
		client: client,
		pods:   factory.Core().V1().Pods().Informer(),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](20*time.Millisecond, 5*time.Second)),
		stopped: make(chan struct{}),
	}
	_, err = k.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    k.enqueue,
		UpdateFunc: func(_, pod any) { k.enqueue(pod) },
	})
	if err != nil {
		return nil, err
	}
	if err := k.playCloud(factory); err != nil {
		return nil, err
	}
	factory.Start(k.stopped)
	for range kubeletWorkers {
		go k.work()
	}
	return k, nil
}

func (k *kubelet) stop() {
	close(k.stopped)
	k.queue.ShutDown()
}

func (k *kubelet) enqueue(object any) {
	if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
		k.queue.Add(key)
	}
}

func (k *kubelet) work() {
	for {
		key, shutdown := k.queue.Get()
		if shutdown {
			return
		}
		// The apiserver may be away or the copy old: try again until the pod is as it should be.
		if err := k.sync(context.Background(), key); err != nil {
			k.queue.AddRateLimited(key)
		} else {
			k.queue.Forget(key)
		}
		k.queue.Done(key)
	}
}

func (k *kubelet) sync(ctx context.Context, key string) error {
	object, exists, err := k.pods.GetStore().GetByKey(key)
	if err != nil || !exists {
		return err
	}
	pod := object.(*corev1.Pod)
	pods := k.client.CoreV1().Pods(pod.Namespace)
	switch {
	case pod.DeletionTimestamp != nil:
		now := int64(0)
		err = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now,
			Preconditions:      &metav1.Preconditions{UID: &pod.UID},
		})
	case len(pod.Spec.SchedulingGates) > 0:
		return nil
	case pod.Spec.NodeName == "":
		err = pods.Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: nodeName},
		}, metav1.CreateOptions{})
	default:
		status, changed := nextPodStatus(pod, metav1.Now(), k.podIP)
		if !changed {
			return nil
		}
		next := pod.DeepCopy()
		next.Status = status
		_, err = pods.UpdateStatus(ctx, next, metav1.UpdateOptions{})
	}
	return ignoreNotFound(err)
}

func (k *kubelet) podIP() string {
	n := k.nextIP.Add(1)
	return fmt.Sprintf("10.244.%d.%d", n>>8&255, n&255)
}

func createNode(client kubernetes.Interface) error {
	ctx := context.Background()
	nodes := client.CoreV1().Nodes()
	node, err := nodes.Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{
			"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": nodeName,
		}},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	} else if err != nil {
		return err
	}
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("1000"),
		corev1.ResourceMemory: resource.MustParse("1Ti"),
		corev1.ResourcePods:   resource.MustParse("10000"),
	}
	node.Status = corev1.NodeStatus{
		Capacity:    room,
		Allocatable: room,
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
			LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now(),
		}},
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeAddress}},
	}
	_, err = nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}
