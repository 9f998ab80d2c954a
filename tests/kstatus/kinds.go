package main

import "time"

type kind struct {
	apiVersion, name string
	make             func(r *random) map[string]any
	ours             func(object map[string]any) bool // judged otherwise, on purpose
}

var kinds = []kind{
	{"apps/v1", "Deployment", deployment, func(o map[string]any) bool { return in(o, "spec", "paused") == true }},
	{"apps/v1", "StatefulSet", statefulSet, nil},
	{"apps/v1", "DaemonSet", daemonSet, func(o map[string]any) bool {
		return in(o, "spec", "updateStrategy", "type") == "OnDelete"
	}},
	{"apps/v1", "ReplicaSet", replicaSet, func(o map[string]any) bool { return condition(o, "ReplicaFailure") == "True" }},
	{"v1", "Pod", pod, func(o map[string]any) bool { return in(o, "status", "phase") == "Failed" }},
	{"batch/v1", "Job", job, func(o map[string]any) bool {
		ended := condition(o, "Complete") == "True" || condition(o, "Failed") == "True"
		suspended := condition(o, "Suspended") == "True" && in(o, "spec", "suspend") == true
		return suspended || !ended && in(o, "status", "startTime") != nil
	}},
	{"v1", "PersistentVolumeClaim", claim, func(o map[string]any) bool { return in(o, "status", "phase") == "Lost" }},
	{"v1", "Service", service, func(o map[string]any) bool {
		return in(o, "spec", "type") == "LoadBalancer" && in(o, "status", "loadBalancer") == nil
	}},
	{"policy/v1", "PodDisruptionBudget", generic, nil},
	{"batch/v1", "CronJob", generic, nil},
	{"v1", "ConfigMap", generic, nil},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", crd, nil},
	{"example.io/v1", "Thing", generic, nil},
}

func in(object map[string]any, path ...string) any {
	var at any = object
	for _, step := range path {
		fields, _ := at.(map[string]any)
		at = fields[step]
	}
	return at
}

func condition(object map[string]any, name string) any {
	list, _ := in(object, "status", "conditions").([]any)
	for _, one := range list {
		if in(one.(map[string]any), "type") == name {
			return in(one.(map[string]any), "status")
		}
	}
	return nil
}

// conditions of these types, each with one of its reasons.
func (r *random) conditions(types map[string][]string) []any {
	list := []any{}
	for _, name := range sorted(types) {
		if r.IntN(3) == 0 {
			continue
		}
		list = append(list, map[string]any{"type": name, "status": r.pick("True", "False", "Unknown"),
			"reason": r.pick(types[name]...), "message": "text"})
	}
	return list
}

// What every kind may have: generations, a deletion, the conditions of the convention.
func (r *random) object(spec, status map[string]any, types map[string][]string) map[string]any {
	metadata := map[string]any{"name": "a", "namespace": "b"}
	r.maybe(5, metadata, "generation", int64(r.IntN(2)+1))
	if r.IntN(20) == 0 {
		metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	r.maybe(4, status, "observedGeneration", int64(r.IntN(2)+1))
	if r.IntN(6) == 0 {
		types = merged(types, map[string][]string{"Reconciling": {"R"}, "Stalled": {"S"}})
	}
	if conditions := r.conditions(types); len(conditions) > 0 {
		status["conditions"] = conditions
	}
	out := map[string]any{"metadata": metadata, "spec": spec}
	if r.IntN(15) != 0 {
		out["status"] = status
	}
	return out
}

func (r *random) counts(into map[string]any, names ...string) {
	base := int64(r.IntN(3) + 1) // mostly alike, so that the later rules are reached
	for _, name := range names {
		value := base
		if r.IntN(6) == 0 {
			value = int64(r.IntN(4))
		}
		r.maybe(12, into, name, value)
	}
}

func (r *random) replicas(into map[string]any, status map[string]any, names ...string) {
	all := map[string]any{}
	r.counts(all, append([]string{"spec"}, names...)...)
	for name, value := range all {
		if name == "spec" {
			into["replicas"] = value
		} else {
			status[name] = value
		}
	}
}

func deployment(r *random) map[string]any {
	spec, status := map[string]any{}, map[string]any{}
	r.replicas(spec, status, "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
	r.maybe(3, spec, "progressDeadlineSeconds", r.pickAny(int64(600), int64(2147483647)))
	r.maybe(20, spec, "paused", true)
	return r.object(spec, status, map[string][]string{"Available": {"MinimumReplicasAvailable"},
		"Progressing": {"NewReplicaSetAvailable", "NewReplicaSetAvailable", "ReplicaSetUpdated", "ProgressDeadlineExceeded"}})
}

func statefulSet(r *random) map[string]any {
	spec, status := map[string]any{}, map[string]any{"currentRevision": "a", "updateRevision": r.pick("a", "a", "b")}
	r.replicas(spec, status, "replicas", "updatedReplicas", "readyReplicas", "currentReplicas")
	strategy := map[string]any{"type": r.pick("RollingUpdate", "RollingUpdate", "RollingUpdate", "OnDelete")}
	if r.IntN(3) == 0 {
		strategy["rollingUpdate"] = map[string]any{"partition": int64(r.IntN(3))}
	}
	spec["updateStrategy"] = strategy
	return r.object(spec, status, nil)
}

func daemonSet(r *random) map[string]any {
	status := map[string]any{}
	r.counts(status, "desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled",
		"numberAvailable", "numberReady")
	return r.object(map[string]any{"updateStrategy": map[string]any{"type": "RollingUpdate"}}, status, nil)
}

func replicaSet(r *random) map[string]any {
	spec, status := map[string]any{}, map[string]any{}
	r.replicas(spec, status, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
	return r.object(spec, status, map[string][]string{"ReplicaFailure": {"FailedCreate"}})
}

func pod(r *random) map[string]any {
	status := map[string]any{"phase": r.pick("Pending", "Running", "Running", "Succeeded", "Failed", "")}
	if r.IntN(2) == 0 {
		waiting := map[string]any{"reason": r.pick("CrashLoopBackOff", "ContainerCreating", "PodInitializing")}
		status["containerStatuses"] = []any{map[string]any{"name": "main", "state": map[string]any{"waiting": waiting}}}
	}
	out := r.object(map[string]any{}, status, map[string][]string{"Ready": {"ContainersNotReady", "PodCompleted"},
		"PodScheduled": {"Unschedulable", "Unschedulable", "SchedulingGated"}})
	age := time.Duration(r.pickAny(2, 3600).(int)) * time.Second
	out["metadata"].(map[string]any)["creationTimestamp"] = time.Now().Add(-age).UTC().Format(time.RFC3339)
	return out
}

func job(r *random) map[string]any {
	spec, status := map[string]any{}, map[string]any{}
	r.counts(spec, "completions", "parallelism")
	r.counts(status, "succeeded", "failed", "active")
	r.maybe(3, spec, "suspend", true)
	r.maybe(2, status, "startTime", "2026-01-01T00:00:00Z")
	return r.object(spec, status, map[string][]string{"Complete": {"C"}, "Failed": {"BackoffLimitExceeded"}, "Suspended": {"JobSuspended"}})
}

func claim(r *random) map[string]any {
	return r.object(map[string]any{}, map[string]any{"phase": r.pick("Bound", "Pending", "Lost", "")}, nil)
}

func service(r *random) map[string]any {
	spec, status := map[string]any{"type": r.pick("ClusterIP", "LoadBalancer", "NodePort", "ExternalName")}, map[string]any{}
	r.maybe(2, spec, "clusterIP", "10.0.0.1")
	r.maybe(2, status, "loadBalancer", map[string]any{"ingress": []any{map[string]any{"ip": "1.2.3.4"}}})
	return r.object(spec, status, nil)
}

func crd(r *random) map[string]any {
	return r.object(map[string]any{}, map[string]any{}, map[string][]string{"NamesAccepted": {"NoConflicts"},
		"Established": {"Installing", "InitialNamesAccepted", "NotAccepted"}})
}

// Without lastTransitionTime, so Ready=False has no age.
func generic(r *random) map[string]any {
	return r.object(map[string]any{}, map[string]any{}, map[string][]string{"Ready": {"R"}, "Other": {"O"}})
}
