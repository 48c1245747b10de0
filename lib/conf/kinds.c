/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of Istio and Kubernetes objects and the fields of those that are served: tables only.
 */
#include "fields.h"

static const char *const w_derive_port[] = {"FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT", NULL};
static const char *const w_scheme[] = {"http", "https", NULL};
static const char *const w_preflights[] = {"UNSPECIFIED", "FORWARD", "IGNORE", NULL};
static const char *const w_false[] = {"false", NULL};
static const char *const w_true[] = {"true", NULL};
static const char *const w_all[] = {"*", NULL};
static const char *const w_affinity[] = {"None", "ClientIP", NULL};
static const char *const w_policy[] = {"Cluster", "Local", NULL};
static const char *const w_protocol[] = {"TCP", "UDP", NULL};
static const char *const w_type[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL};
static const char *const w_address_type[] = {"IPv4", "IPv6", NULL};
static const char *const w_server[] = {"HTTP", "HTTPS", "HTTP2", "GRPC",
				       "TCP",  "TLS",   "MONGO", NULL};

const struct sl_field sl_meta_fields[] = {
	{.name = "name", .type = SL_F_STR, .required = true},
	STR("namespace"),
	MAP("labels"),
	MAP("annotations"),
	STR("creationTimestamp"),
	ANY("generateName"),
	ANY("selfLink"),
	ANY("uid"),
	ANY("resourceVersion"),
	ANY("generation"),
	ANY("deletionTimestamp"),
	ANY("deletionGracePeriodSeconds"),
	ANY("ownerReferences"),
	ANY("finalizers"),
	ANY("managedFields"),
	ANY("clusterName"),
	END,
};

/* ---- Istio ---- */

static const struct sl_field gateway_port[] = {
	{.name = "number", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	{.name = "protocol", .type = SL_F_STR, .required = true, .words = w_server},
	STR("name"),
	LATER("targetPort"),
	END,
};

static const struct sl_field gateway_tls[] = {
	{.name = "httpsRedirect", .type = SL_F_BOOL},
	STR("mode"),
	STR("serverCertificate"),
	STR("privateKey"),
	STR("caCertificates"),
	STR("caCrl"),
	STR("credentialName"),
	ANY("credentialNames"),
	ANY("tlsCertificates"),
	ANY("subjectAltNames"),
	ANY("verifyCertificateSpki"),
	ANY("verifyCertificateHash"),
	STR("minProtocolVersion"),
	STR("maxProtocolVersion"),
	ANY("cipherSuites"),
	STR("caCertCredentialName"),
	END,
};

static const struct sl_field gateway_server[] = {
	{.name = "port", .type = SL_F_OBJ, .required = true, .sub = gateway_port},
	{.name = "hosts", .type = SL_F_STRS, .required = true, .min = 1},
	OBJ("tls", gateway_tls),
	STR("name"),
	LATER("bind"),
	LATER("defaultEndpoint"),
	END,
};

static const struct sl_field gateway_spec[] = {
	MAP("selector"),
	{.name = "servers", .type = SL_F_OBJS, .required = true, .min = 1, .sub = gateway_server},
	END,
};

static const struct sl_field gateway[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = gateway_spec},
	ANY("status"),
	END,
};

static const struct sl_field text_match[] = {STR("exact"), STR("prefix"), STR("regex"), END};

static const struct sl_field vs_match[] = {
	STR("name"),
	OBJ("uri", text_match),
	OBJ("scheme", text_match),
	OBJ("method", text_match),
	OBJ("authority", text_match),
	OBJ_MAP("headers", text_match),
	OBJ_MAP("withoutHeaders", text_match),
	OBJ_MAP("queryParams", text_match),
	{.name = "ignoreUriCase", .type = SL_F_BOOL},
	{.name = "gateways", .type = SL_F_STRS},
	PORT("port"),
	MAP("sourceLabels"),
	STR("sourceNamespace"),
	STR("statPrefix"),
	END,
};

static const struct sl_field vs_port[] = {
	{.name = "number", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	END,
};

static const struct sl_field vs_destination[] = {
	{.name = "host", .type = SL_F_STR, .required = true},
	OBJ("port", vs_port),
	STR("subset"),
	END,
};

static const struct sl_field header_changes[] = {
	MAP("set"),
	MAP("add"),
	{.name = "remove", .type = SL_F_STRS},
	END,
};

static const struct sl_field vs_headers[] = {
	OBJ("request", header_changes),
	OBJ("response", header_changes),
	END,
};

static const struct sl_field vs_route[] = {
	{.name = "destination", .type = SL_F_OBJ, .required = true, .sub = vs_destination},
	{.name = "weight", .type = SL_F_INT, .min = 0, .max = 1000000},
	OBJ("headers", vs_headers),
	END,
};

static const struct sl_field vs_redirect[] = {
	STR("uri"),
	STR("authority"),
	{.name = "redirectCode", .type = SL_F_INT, .min = 301, .max = 308},
	PORT("port"),
	{.name = "derivePort", .type = SL_F_STR, .words = w_derive_port},
	{.name = "scheme", .type = SL_F_STR, .words = w_scheme},
	END,
};

static const struct sl_field vs_body[] = {STR("string"), LATER("bytes"), END};

static const struct sl_field vs_direct[] = {
	{.name = "status", .type = SL_F_INT, .required = true, .min = 200, .max = 599},
	OBJ("body", vs_body),
	END,
};

static const struct sl_field vs_regex_rewrite[] = {
	{.name = "match", .type = SL_F_STR, .required = true},
	{.name = "rewrite", .type = SL_F_STR, .required = true},
	END,
};

static const struct sl_field vs_rewrite[] = {
	STR("uri"),
	STR("authority"),
	OBJ("uriRegexRewrite", vs_regex_rewrite),
	END,
};

static const struct sl_field vs_percent[] = {
	{.name = "value", .type = SL_F_NUMBER, .min = 0, .max = 100},
	END,
};

static const struct sl_field vs_delay[] = {
	{.name = "fixedDelay", .type = SL_F_TIME, .required = true, .min = 1},
	OBJ("percentage", vs_percent),
	{.name = "percent", .type = SL_F_INT, .min = 0, .max = 100},
	LATER("exponentialDelay"),
	END,
};

static const struct sl_field vs_abort[] = {
	{.name = "httpStatus", .type = SL_F_INT, .required = true, .min = 200, .max = 599},
	OBJ("percentage", vs_percent),
	LATER("grpcStatus"),
	LATER("http2Error"),
	END,
};

static const struct sl_field vs_mirror[] = {
	{.name = "destination", .type = SL_F_OBJ, .required = true, .sub = vs_destination},
	OBJ("percentage", vs_percent),
	END,
};

static const struct sl_field vs_fault[] = {
	OBJ("delay", vs_delay),
	OBJ("abort", vs_abort),
	END,
};

static const struct sl_field vs_cors[] = {
	OBJS("allowOrigins", text_match),
	{.name = "allowOrigin", .type = SL_F_STRS},
	{.name = "allowMethods", .type = SL_F_STRS},
	{.name = "allowHeaders", .type = SL_F_STRS},
	{.name = "exposeHeaders", .type = SL_F_STRS},
	{.name = "maxAge", .type = SL_F_TIME},
	{.name = "allowCredentials", .type = SL_F_BOOL},
	{.name = "unmatchedPreflights", .type = SL_F_STR, .words = w_preflights},
	END,
};

static const struct sl_field vs_retries[] = {
	{.name = "attempts", .type = SL_F_INT, .min = 0, .max = 100},
	{.name = "perTryTimeout", .type = SL_F_TIME, .min = 1},
	STR("retryOn"),
	ONLY("retryRemoteLocalities", SL_F_BOOL, w_false),
	ONLY("retryIgnorePreviousHosts", SL_F_BOOL, w_true),
	LATER("backoff"),
	END,
};

static const struct sl_field vs_delegate[] = {
	{.name = "name", .type = SL_F_STR, .required = true},
	STR("namespace"),
	END,
};

static const struct sl_field vs_http[] = {
	STR("name"),
	OBJS("match", vs_match),
	OBJS("route", vs_route),
	OBJ("redirect", vs_redirect),
	OBJ("directResponse", vs_direct),
	OBJ("rewrite", vs_rewrite),
	{.name = "timeout", .type = SL_F_TIME},
	OBJ("retries", vs_retries),
	OBJ("fault", vs_fault),
	OBJ("corsPolicy", vs_cors),
	OBJ("headers", vs_headers),
	OBJ("delegate", vs_delegate),
	OBJ("mirror", vs_destination),
	{.name = "mirrors", .type = SL_F_OBJS, .max = SL_MODEL_MIRRORS_MAX, .sub = vs_mirror},
	{.name = "mirrorPercent", .type = SL_F_INT, .min = 0, .max = 100},
	{.name = "mirror_percent", .type = SL_F_INT, .min = 0, .max = 100},
	OBJ("mirrorPercentage", vs_percent),
	END,
};

static const struct sl_field vs_spec[] = {
	{.name = "hosts", .type = SL_F_STRS, .min = 1}, /* without: others delegate to it */
	{.name = "gateways", .type = SL_F_STRS},
	OBJS("http", vs_http),
	ONLY("exportTo", SL_F_STRS, w_all),
	LATER("tls"),
	LATER("tcp"),
	END,
};

static const struct sl_field virtual_service[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = vs_spec},
	ANY("status"),
	END,
};

/* ---- Kubernetes ---- */

static const struct sl_field service_port[] = {
	STR("name"),
	{.name = "port", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	{.name = "nodePort", .type = SL_F_INT, .min = 0, .max = 65535},
	ONLY("protocol", SL_F_STR, w_protocol),
	{.name = "targetPort", .type = SL_F_INT_OR_STR, .min = 0, .max = 65535},
	STR("appProtocol"),
	END,
};

static const struct sl_field affinity_client[] = {
	{.name = "timeoutSeconds", .type = SL_F_INT, .min = 1, .max = SL_MODEL_AFFINITY_MAX_S},
	END,
};

static const struct sl_field affinity_config[] = {OBJ("clientIP", affinity_client), END};

static const struct sl_field service_spec[] = {
	{.name = "type", .type = SL_F_STR, .words = w_type},
	{.name = "clusterIP", .type = SL_F_IP},
	{.name = "clusterIPs", .type = SL_F_IPS},
	{.name = "externalIPs", .type = SL_F_IPS},
	MAP("selector"),
	OBJS("ports", service_port),
	{.name = "sessionAffinity", .type = SL_F_STR, .words = w_affinity},
	OBJ("sessionAffinityConfig", affinity_config),
	{.name = "externalTrafficPolicy", .type = SL_F_STR, .words = w_policy},
	{.name = "internalTrafficPolicy", .type = SL_F_STR, .words = w_policy},
	{.name = "loadBalancerSourceRanges", .type = SL_F_STRS},
	{.name = "healthCheckNodePort", .type = SL_F_INT, .min = 0, .max = 65535},
	ANY("allocateLoadBalancerNodePorts"),
	STR("externalName"),
	ANY("ipFamilies"),
	ANY("ipFamilyPolicy"),
	ANY("loadBalancerClass"),
	ANY("loadBalancerIP"),
	ANY("publishNotReadyAddresses"),
	NOT_SERVED("trafficDistribution"),
	END,
};

static const struct sl_field ingress_point[] = {
	{.name = "ip", .type = SL_F_IP}, ANY("hostname"), ANY("ipMode"), ANY("ports"), END,
};

static const struct sl_field balancer_status[] = {OBJS("ingress", ingress_point), END};

static const struct sl_field service_status[] = {
	OBJ("loadBalancer", balancer_status),
	ANY("conditions"),
	END,
};

static const struct sl_field service[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = service_spec},
	OBJ("status", service_status),
	END,
};

static const struct sl_field endpoints_address[] = {
	{.name = "ip", .type = SL_F_IP, .required = true},
	ANY("hostname"),
	STR("nodeName"),
	ANY("targetRef"),
	END,
};

static const struct sl_field endpoints_port[] = {
	STR("name"),
	{.name = "port", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	ONLY("protocol", SL_F_STR, w_protocol),
	STR("appProtocol"),
	END,
};

static const struct sl_field endpoints_subset[] = {
	OBJS("addresses", endpoints_address),
	OBJS("notReadyAddresses", endpoints_address),
	OBJS("ports", endpoints_port),
	END,
};

static const struct sl_field endpoints[] = {
	HEAD,
	OBJS("subsets", endpoints_subset),
	END,
};

static const struct sl_field slice_conditions[] = {
	{.name = "ready", .type = SL_F_BOOL},
	{.name = "serving", .type = SL_F_BOOL},
	{.name = "terminating", .type = SL_F_BOOL},
	END,
};

static const struct sl_field slice_endpoint[] = {
	{.name = "addresses", .type = SL_F_IPS, .required = true, .min = 1},
	OBJ("conditions", slice_conditions),
	ANY("hostname"),
	STR("nodeName"),
	ANY("targetRef"),
	ANY("zone"),
	NOT_SERVED("hints"),
	ANY("deprecatedTopology"),
	END,
};

static const struct sl_field endpoint_slice[] = {
	HEAD,
	{.name = "addressType",
	 .type = SL_F_STR,
	 .use = SL_USE_ONLY,
	 .required = true,
	 .words = w_address_type},
	OBJS("endpoints", slice_endpoint),
	OBJS("ports", endpoints_port),
	END,
};

static const struct sl_field namespace_fields[] = {HEAD, ANY("spec"), ANY("status"), END};

static const char *const istio_net[] = {"v1", "v1beta1", "v1alpha3", NULL};
static const char *const v1[] = {"v1", NULL};
static const char *const gateway_api[] = {"v1", "v1beta1", NULL};
static const char *const discovery[] = {"v1", "v1beta1", NULL};

#define ISTIO_NET   "networking.istio.io"
#define ISTIO_SEC   "security.istio.io"
#define GATEWAY_API "gateway.networking.k8s.io"
#define K8S_NET     "networking.k8s.io"
#define IGNORED(n)                                   \
	{                                            \
		.name = (n), .mode = SL_KIND_IGNORED \
	}
#define IGNORED_WIDE(n)                                                     \
	{                                                                   \
		.name = (n), .mode = SL_KIND_IGNORED, .cluster_scope = true \
	}
#define NOT_YET(n, g)                                            \
	{                                                        \
		.name = (n), .mode = SL_KIND_LATER, .group = (g) \
	}

const struct sl_kind sl_kinds[] = {
	{"Gateway", SL_KIND_GATEWAY, SL_KIND_SERVED, ISTIO_NET, istio_net, false, gateway},
	{"VirtualService", SL_KIND_VIRTUAL_SERVICE, SL_KIND_SERVED, ISTIO_NET, istio_net, false,
	 virtual_service},
	{"DestinationRule", SL_KIND_DESTINATION_RULE, SL_KIND_SERVED, ISTIO_NET, istio_net, false,
	 sl_destination_rule_fields},
	{"ServiceEntry", SL_KIND_SERVICE_ENTRY, SL_KIND_SERVED, ISTIO_NET, istio_net, false,
	 sl_service_entry_fields},
	{"WorkloadEntry", SL_KIND_WORKLOAD_ENTRY, SL_KIND_SERVED, ISTIO_NET, istio_net, false,
	 sl_workload_entry_fields},
	{"EndpointSetting", SL_KIND_ENDPOINT_SETTING, SL_KIND_SERVED, "sluice", v1, true,
	 sl_endpoint_setting_fields},
	{"Service", SL_KIND_SERVICE, SL_KIND_SERVED, "", v1, false, service},
	{"Endpoints", SL_KIND_ENDPOINTS, SL_KIND_SERVED, "", v1, false, endpoints},
	{"EndpointSlice", SL_KIND_ENDPOINT_SLICE, SL_KIND_SERVED, "discovery.k8s.io", discovery,
	 false, endpoint_slice},
	{"Namespace", SL_KIND_NAMESPACE, SL_KIND_SERVED, "", v1, true, namespace_fields},
	{"Ingress", SL_KIND_INGRESS, SL_KIND_SERVED, K8S_NET, v1, false, sl_ingress_fields},
	{"IngressClass", SL_KIND_INGRESS_CLASS, SL_KIND_SERVED, K8S_NET, v1, true,
	 sl_ingress_class_fields},
	{"Gateway", SL_KIND_API_GATEWAY, SL_KIND_SERVED, GATEWAY_API, gateway_api, false,
	 sl_api_gateway_fields, "Gateway." GATEWAY_API},
	{"GatewayClass", SL_KIND_GATEWAY_CLASS, SL_KIND_SERVED, GATEWAY_API, gateway_api, true,
	 sl_gateway_class_fields},
	{"HTTPRoute", SL_KIND_HTTP_ROUTE, SL_KIND_SERVED, GATEWAY_API, gateway_api, false,
	 sl_http_route_fields},
	{"ReferenceGrant", SL_KIND_REFERENCE_GRANT, SL_KIND_SERVED, GATEWAY_API, gateway_api, false,
	 sl_reference_grant_fields},
	NOT_YET("GRPCRoute", GATEWAY_API),
	NOT_YET("TCPRoute", GATEWAY_API),
	NOT_YET("TLSRoute", GATEWAY_API),
	NOT_YET("UDPRoute", GATEWAY_API),
	NOT_YET("WorkloadGroup", ISTIO_NET),
	NOT_YET("EnvoyFilter", ISTIO_NET),
	NOT_YET("ProxyConfig", ISTIO_NET),
	NOT_YET("Sidecar", ISTIO_NET),
	NOT_YET("AuthorizationPolicy", ISTIO_SEC),
	NOT_YET("PeerAuthentication", ISTIO_SEC),
	NOT_YET("RequestAuthentication", ISTIO_SEC),
	NOT_YET("Telemetry", "telemetry.istio.io"),
	NOT_YET("WasmPlugin", "extensions.istio.io"),
	{.name = "Deployment", .id = SL_KIND_DEPLOYMENT, .mode = SL_KIND_IGNORED},
	IGNORED("ReplicaSet"),
	IGNORED("ReplicationController"),
	IGNORED("StatefulSet"),
	IGNORED("DaemonSet"),
	{.name = "Pod", .id = SL_KIND_POD, .mode = SL_KIND_IGNORED},
	IGNORED("PodTemplate"),
	IGNORED("Job"),
	IGNORED("CronJob"),
	IGNORED("ConfigMap"),
	IGNORED("Secret"),
	IGNORED("ServiceAccount"),
	IGNORED("HorizontalPodAutoscaler"),
	IGNORED("VerticalPodAutoscaler"),
	IGNORED("PodDisruptionBudget"),
	IGNORED("PersistentVolumeClaim"),
	IGNORED("Role"),
	IGNORED("RoleBinding"),
	IGNORED("LimitRange"),
	IGNORED("ResourceQuota"),
	IGNORED("NetworkPolicy"),
	IGNORED("Event"),
	IGNORED("Lease"),
	IGNORED("ControllerRevision"),
	IGNORED("ServiceMonitor"),
	IGNORED("PodMonitor"),
	IGNORED_WIDE("ClusterRole"),
	IGNORED_WIDE("ClusterRoleBinding"),
	IGNORED_WIDE("PersistentVolume"),
	IGNORED_WIDE("StorageClass"),
	IGNORED_WIDE("PriorityClass"),
	IGNORED_WIDE("CustomResourceDefinition"),
	IGNORED_WIDE("MutatingWebhookConfiguration"),
	IGNORED_WIDE("ValidatingWebhookConfiguration"),
	IGNORED_WIDE("Node"),
	{0},
};
