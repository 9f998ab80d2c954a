package main

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podStateAnnotation on a pod makes it stay broken, for tests of health. Values: the constants below.
const podStateAnnotation = "testplane/pod-state"

const (
	podNeverReady     = "never-ready"      // runs, readiness fails
	podImagePullError = "image-pull-error" // Pending, waiting in ImagePullBackOff
	podCrashLoop      = "crash-loop"       // runs, waiting in CrashLoopBackOff
	podFails          = "fail"             // ends with exit code 1
)

const nodeAddress = "192.0.2.1"

// nextPodStatus says which status a kubelet would report for a bound pod; changed is false when the
// pod is there already. A Job's pod passes through Running and then ends.
func nextPodStatus(pod *corev1.Pod, now metav1.Time, newIP func() string) (status corev1.PodStatus, changed bool) {
	state := pod.Annotations[podStateAnnotation]
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed:
		return pod.Status, false
	case corev1.PodRunning:
		if state == podFails {
			return endedStatus(pod, corev1.PodFailed, now), true
		}
		if ownedByJob(pod) && state == "" {
			return endedStatus(pod, corev1.PodSucceeded, now), true
		}
		return pod.Status, false
	}
	if state == podImagePullError && len(pod.Status.ContainerStatuses) > 0 {
		return pod.Status, false
	}
	return startedStatus(pod, state, now, newIP), true
}

func ownedByJob(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "Job"
}

func startedStatus(pod *corev1.Pod, state string, now metav1.Time, newIP func() string) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	ready := state != podNeverReady && state != podImagePullError && state != podCrashLoop
	status.Phase = corev1.PodRunning
	if state == podImagePullError {
		status.Phase = corev1.PodPending
	}
	status.ObservedGeneration = pod.Generation
	status.StartTime = &now
	status.HostIP = nodeAddress
	status.HostIPs = []corev1.HostIP{{IP: nodeAddress}}
	if pod.Spec.HostNetwork {
		status.PodIP = nodeAddress
	} else {
		status.PodIP = newIP()
	}
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	status.Conditions = conditions(ready, "", now)
	status.InitContainerStatuses = nil
	for _, c := range pod.Spec.InitContainers {
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		one := containerStatus(c, now)
		if !sidecar {
			one.State = ended(0, now)
			one.Ready = true
		}
		status.InitContainerStatuses = append(status.InitContainerStatuses, one)
	}
	status.ContainerStatuses = nil
	for _, c := range pod.Spec.Containers {
		one := containerStatus(c, now)
		one.Ready = ready
		switch state {
		case podImagePullError:
			one = waiting(c, "ImagePullBackOff", "Back-off pulling image \""+c.Image+"\"")
		case podCrashLoop:
			one = waiting(c, "CrashLoopBackOff", "back-off restarting failed container")
			one.RestartCount = 3
			one.LastTerminationState = ended(1, now)
		}
		status.ContainerStatuses = append(status.ContainerStatuses, one)
	}
	return status
}

func endedStatus(pod *corev1.Pod, phase corev1.PodPhase, now metav1.Time) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.Phase = phase
	code, reason := int32(0), "PodCompleted"
	if phase == corev1.PodFailed {
		code, reason = 1, "PodFailed"
	}
	status.Conditions = conditions(false, reason, now)
	for i := range status.ContainerStatuses {
		one := &status.ContainerStatuses[i]
		one.State = ended(code, now)
		one.Ready = false
		stopped := false
		one.Started = &stopped
	}
	return status
}

func conditions(ready bool, reason string, now metav1.Time) []corev1.PodCondition {
	readiness := corev1.ConditionFalse
	if ready {
		readiness = corev1.ConditionTrue
	} else if reason == "" {
		reason = "ContainersNotReady"
	}
	yes := func(kind corev1.PodConditionType) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now}
	}
	may := func(kind corev1.PodConditionType) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: readiness, Reason: reason, LastTransitionTime: now}
	}
	return []corev1.PodCondition{
		yes(corev1.PodScheduled), yes(corev1.PodReadyToStartContainers), yes(corev1.PodInitialized),
		may(corev1.ContainersReady), may(corev1.PodReady),
	}
}

func containerStatus(c corev1.Container, now metav1.Time) corev1.ContainerStatus {
	started := true
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: "testplane://" + c.Image,
		ContainerID: "testplane://" + c.Name, Ready: true, Started: &started,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
	}
}

func waiting(c corev1.Container, reason, message string) corev1.ContainerStatus {
	started := false
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, Started: &started,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}
}

func ended(code int32, now metav1.Time) corev1.ContainerState {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: metav1.NewTime(now.Add(-time.Second)), FinishedAt: now,
	}}
}
