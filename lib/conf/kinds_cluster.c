/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of the objects that make clusters: DestinationRule, ServiceEntry, WorkloadEntry. */
#include "fields.h"

static const char *const w_false[] = {"false", NULL};
static const char *const w_all[] = {"*", NULL};
static const char *const w_simple[] = {"LEAST_REQUEST", "LEAST_CONN",  "ROUND_ROBIN",
				       "RANDOM",        "UNSPECIFIED", NULL};
static const char *const w_h2[] = {"DEFAULT", "DO_NOT_UPGRADE", NULL};
static const char *const w_tls[] = {"DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL", NULL};
static const char *const w_location[] = {"MESH_EXTERNAL", "MESH_INTERNAL", NULL};
static const char *const w_resolution[] = {"NONE",        "STATIC", "DNS", "DNS_ROUND_ROBIN",
					   "DYNAMIC_DNS", NULL};

#define NUMBER(n)                                                \
	{                                                        \
		.name = (n), .type = SL_F_INT, .max = UINT32_MAX \
	}
#define PERCENT(n)                                        \
	{                                                 \
		.name = (n), .type = SL_F_INT, .max = 100 \
	}
#define TIME(n)                                          \
	{                                                \
		.name = (n), .type = SL_F_TIME, .min = 1 \
	}

/* ---- DestinationRule ---- */

static const struct sl_field pool_tcp[] = {
	NUMBER("maxConnections"),       TIME("connectTimeout"), NOT_SERVED("tcpKeepalive"),
	LATER("maxConnectionDuration"), LATER("idleTimeout"),   END,
};

static const struct sl_field pool_http[] = {
	NUMBER("http1MaxPendingRequests"),
	NUMBER("http2MaxRequests"),
	NUMBER("maxRequestsPerConnection"),
	NUMBER("maxRetries"),
	{.name = "idleTimeout", .type = SL_F_TIME},
	ONLY("h2UpgradePolicy", SL_F_STR, w_h2),
	ONLY("useClientProtocol", SL_F_BOOL, w_false),
	NOT_SERVED("maxConcurrentStreams"),
	END,
};

static const struct sl_field pool[] = {OBJ("tcp", pool_tcp), OBJ("http", pool_http), END};

static const struct sl_field hash_cookie[] = {
	{.name = "name", .type = SL_F_STR, .required = true},
	STR("path"),
	{.name = "ttl", .type = SL_F_TIME},
	LATER("attributes"),
	END,
};

static const struct sl_field hash_ring[] = {NUMBER("minimumRingSize"), END};
static const struct sl_field hash_maglev[] = {NUMBER("tableSize"), END};

static const struct sl_field hash[] = {
	STR("httpHeaderName"),
	OBJ("httpCookie", hash_cookie),
	{.name = "useSourceIp", .type = SL_F_BOOL},
	STR("httpQueryParameterName"),
	OBJ("ringHash", hash_ring),
	OBJ("maglev", hash_maglev),
	NUMBER("minimumRingSize"),
	END,
};

static const struct sl_field distribute[] = {
	{.name = "from", .type = SL_F_STR, .required = true},
	{.name = "to", .type = SL_F_ANY, .required = true},
	END,
};

static const struct sl_field failover[] = {
	{.name = "from", .type = SL_F_STR, .required = true},
	{.name = "to", .type = SL_F_STR, .required = true},
	END,
};

static const struct sl_field locality_lb[] = {
	OBJS("distribute", distribute),
	OBJS("failover", failover),
	LATER("failoverPriority"),
	{.name = "enabled", .type = SL_F_BOOL},
	END,
};

static const struct sl_field warmup[] = {
	{.name = "duration", .type = SL_F_TIME, .min = 1, .required = true},
	ANY("minimumPercent"),
	ANY("aggression"),
	END,
};

static const struct sl_field balancer[] = {
	ONLY("simple", SL_F_STR, w_simple),
	OBJ("consistentHash", hash),
	OBJ("localityLbSetting", locality_lb),
	TIME("warmupDurationSecs"),
	OBJ("warmup", warmup),
	END,
};

static const struct sl_field outlier[] = {
	NUMBER("consecutiveErrors"),
	NUMBER("consecutive5xxErrors"),
	NUMBER("consecutiveGatewayErrors"),
	{.name = "splitExternalLocalOriginErrors", .type = SL_F_BOOL},
	NUMBER("consecutiveLocalOriginFailures"),
	TIME("interval"),
	TIME("baseEjectionTime"),
	PERCENT("maxEjectionPercent"),
	PERCENT("minHealthPercent"),
	END,
};

static const struct sl_field tls[] = {
	{.name = "mode", .type = SL_F_STR, .words = w_tls},
	STR("clientCertificate"),
	STR("privateKey"),
	STR("caCertificates"),
	STR("caCrl"),
	STR("credentialName"),
	ANY("subjectAltNames"),
	STR("sni"),
	ANY("insecureSkipVerify"),
	END,
};

static const struct sl_field number[] = {
	{.name = "number", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	END,
};

#define POLICY                                                      \
	OBJ("connectionPool", pool), OBJ("loadBalancer", balancer), \
		OBJ("outlierDetection", outlier), OBJ("tls", tls)

static const struct sl_field port_policy[] = {
	{.name = "port", .type = SL_F_OBJ, .required = true, .sub = number},
	POLICY,
	END,
};

static const struct sl_field policy[] = {
	POLICY,
	OBJS("portLevelSettings", port_policy),
	LATER("tunnel"),
	LATER("proxyProtocol"),
	LATER("retryBudget"),
	END,
};

static const struct sl_field subset[] = {
	{.name = "name", .type = SL_F_STR, .required = true},
	MAP("labels"),
	OBJ("trafficPolicy", policy),
	END,
};

static const struct sl_field rule_spec[] = {
	{.name = "host", .type = SL_F_STR, .required = true},
	OBJ("trafficPolicy", policy),
	OBJS("subsets", subset),
	ONLY("exportTo", SL_F_STRS, w_all),
	LATER("workloadSelector"),
	END,
};

const struct sl_field sl_destination_rule_fields[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = rule_spec},
	ANY("status"),
	END,
};

/* ---- ServiceEntry, WorkloadEntry ---- */

static const struct sl_field entry_port[] = {
	{.name = "number", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	STR("protocol"),
	{.name = "name", .type = SL_F_STR, .required = true},
	PORT("targetPort"),
	END,
};

#define WORKLOAD                                                                  \
	ANY("ports"), MAP("labels"), NOT_SERVED("network"), STR("locality"),      \
		{.name = "weight", .type = SL_F_INT, .max = SL_MODEL_WEIGHT_MAX}, \
		NOT_SERVED("serviceAccount")

static const struct sl_field entry_endpoint[] = {
	{.name = "address", .type = SL_F_STR, .required = true},
	WORKLOAD,
	END,
};

static const struct sl_field selector[] = {MAP("labels"), END};

static const struct sl_field entry_spec[] = {
	{.name = "hosts", .type = SL_F_STRS, .required = true, .min = 1},
	NOT_SERVED("addresses"),
	{.name = "ports", .type = SL_F_OBJS, .min = 1, .sub = entry_port},
	{.name = "location", .type = SL_F_STR, .words = w_location},
	{.name = "resolution", .type = SL_F_STR, .words = w_resolution},
	OBJS("endpoints", entry_endpoint),
	OBJ("workloadSelector", selector),
	ONLY("exportTo", SL_F_STRS, w_all),
	NOT_SERVED("subjectAltNames"),
	END,
};

const struct sl_field sl_service_entry_fields[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = entry_spec},
	ANY("status"),
	END,
};

const struct sl_field sl_workload_entry_fields[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = entry_endpoint},
	ANY("status"),
	END,
};

/* ---- EndpointSetting: ours, written by `sluicectl endpoint` ---- */

static const struct sl_field setting_spec[] = {
	{.name = "address", .type = SL_F_STR, .required = true},
	STR("cluster"),
	{.name = "drain", .type = SL_F_BOOL},
	{.name = "weight", .type = SL_F_INT, .min = 1, .max = SL_MODEL_WEIGHT_MAX},
	END,
};

const struct sl_field sl_endpoint_setting_fields[] = {
	HEAD,
	{.name = "spec", .type = SL_F_OBJ, .required = true, .sub = setting_spec},
	END,
};
