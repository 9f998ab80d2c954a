package manifest

// Scope tells whether objects of a kind live in a namespace.
type Scope int

const (
	ScopeUnknown Scope = iota
	ScopeCluster
	ScopeNamespaced
)

// The kinds that an apiserver of Kubernetes 1.36 serves by itself, from its discovery documents. An
// unknown kind gets no namespace here: the agent asks its own apiserver.
var clusterKinds = map[string][]string{
	"":                             {"ComponentStatus", "Namespace", "Node", "PersistentVolume"},
	"admissionregistration.k8s.io": {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"authentication.k8s.io":        {"SelfSubjectReview", "TokenReview"},
	"authorization.k8s.io":         {"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"},
	"certificates.k8s.io":          {"CertificateSigningRequest", "ClusterTrustBundle"},
	"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	"internal.apiserver.k8s.io":    {"StorageVersion"},
	"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
	"node.k8s.io":                  {"RuntimeClass"},
	"policy":                       {"PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"resource.k8s.io":              {"DeviceClass", "DeviceTaintRule", "ResourceSlice", "ResourcePoolStatusRequest"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
	"storagemigration.k8s.io":      {"StorageVersionMigration"},
}

var namespacedKinds = map[string][]string{
	"":                          {"Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"},
	"apps":                      {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"authorization.k8s.io":      {"LocalSubjectAccessReview"},
	"autoscaling":               {"HorizontalPodAutoscaler"},
	"batch":                     {"CronJob", "Job"},
	"certificates.k8s.io":       {"PodCertificateRequest"},
	"coordination.k8s.io":       {"Lease", "LeaseCandidate"},
	"discovery.k8s.io":          {"EndpointSlice"},
	"events.k8s.io":             {"Event"},
	"extensions":                {"Ingress"},
	"networking.k8s.io":         {"Ingress", "NetworkPolicy"},
	"policy":                    {"PodDisruptionBudget"},
	"rbac.authorization.k8s.io": {"Role", "RoleBinding"},
	"resource.k8s.io":           {"ResourceClaim", "ResourceClaimTemplate"},
	"scheduling.k8s.io":         {"PodGroup", "Workload"},
	"storage.k8s.io":            {"CSIStorageCapacity"},
}

type groupKind struct{ group, kind string }

// BuiltinScope is the scope of a kind that comes with Kubernetes.
func BuiltinScope(group, kind string) Scope {
	for _, known := range clusterKinds[group] {
		if known == kind {
			return ScopeCluster
		}
	}
	for _, known := range namespacedKinds[group] {
		if known == kind {
			return ScopeNamespaced
		}
	}
	return ScopeUnknown
}

// definedScopes are the scopes of the kinds whose CustomResourceDefinition is among the objects.
func definedScopes(items []item) map[groupKind]Scope {
	scopes := map[groupKind]Scope{}
	for _, it := range items {
		if it.key.group != "apiextensions.k8s.io" || it.key.kind != "CustomResourceDefinition" {
			continue
		}
		gk := groupKind{text(it.object, "spec", "group"), text(it.object, "spec", "names", "kind")}
		switch text(it.object, "spec", "scope") {
		case "Namespaced":
			scopes[gk] = ScopeNamespaced
		case "Cluster":
			scopes[gk] = ScopeCluster
		}
	}
	return scopes
}
