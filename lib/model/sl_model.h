/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the user meant: listeners, virtual hosts, routes, clusters, endpoints, L4 services.
 * Native libconfig and YAML objects both become this; lib/snapshot compiles it.
 *
 * Heap objects of control code, one thread. A model owns everything it points to; strings are
 * NUL-terminated UTF-8 and never NULL (empty instead) unless said otherwise.
 */
#ifndef SL_MODEL_H
#define SL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

/** Where an object was written, for messages. */
struct sl_origin {
	char *file;
	int line;
};

enum sl_path_match {
	SL_PATH_ANY,
	SL_PATH_EXACT,
	SL_PATH_PREFIX, /* plain string, as a VirtualService says it */
	SL_PATH_REGEX,  /* RE2 syntax, the whole path */
	/* Path elements, as Ingress and HTTPRoute say it: "/foo" is a prefix of "/foo" and
	 * "/foo/x", not of "/foox"; written without a '/' at its end, but for "/" itself. */
	SL_PATH_ELEMENTS,
};

/** What a condition besides the path looks at. */
enum sl_cond_on {
	SL_ON_METHOD,
	SL_ON_SCHEME,
	SL_ON_AUTHORITY, /* Host as sent, port included */
	SL_ON_TARGET,    /* path and query as matched */
	SL_ON_HEADER,    /* several fields of one name count as one, their values joined by ',' */
	SL_ON_QUERY,     /* the first parameter of that name, not decoded */
};

enum sl_text_match { SL_TEXT_PRESENT, SL_TEXT_EXACT, SL_TEXT_PREFIX, SL_TEXT_REGEX };

/** A condition; those of a route must all hold. Values are compared case by case. */
struct sl_model_cond {
	enum sl_cond_on on;
	enum sl_text_match match;
	bool invert; /* must not match; what is absent is compared as empty, but for PRESENT */
	char *name;  /* header in lower case, or query parameter; else empty */
	char *text;  /* empty for PRESENT */
};

enum sl_route_action { SL_ROUTE_FORWARD, SL_ROUTE_REDIRECT, SL_ROUTE_DIRECT };

/** How the path is changed before it goes upstream (Istio HTTPRewrite.uri). */
enum sl_rewrite {
	SL_REWRITE_NONE,
	SL_REWRITE_PATH,   /* whole path replaced (exact and regex matches) */
	SL_REWRITE_PREFIX, /* the matched prefix replaced literally (prefix matches) */
	/* The matched path elements replaced, as HTTPRoute's ReplacePrefixMatch: slashes between
	 * what is put in and what stays are neither doubled nor lost. */
	SL_REWRITE_ELEMENTS,
	SL_REWRITE_REGEX, /* every match of rewrite_regex in the path replaced; \1 is a group */
};

enum sl_header_op { SL_HEADER_SET, SL_HEADER_ADD, SL_HEADER_REMOVE };

/** A change to a header: of the request on its way up, or of the answer on its way down. */
struct sl_model_header {
	enum sl_header_op op;
	bool response;
	char *name;  /* lower case; none that frames a message, see sl_model_header_fixed */
	char *value; /* empty with REMOVE; a SET or ADD of nothing does nothing (Envoy) */
};

#define SL_MODEL_PPM 1000000u /* a share of all requests, in millionths */

/** Faults injected on purpose: a delay, then an answer without the endpoint. */
struct sl_model_fault {
	uint32_t delay_ms, delay_ppm; /* 0: none */
	uint32_t abort_ppm;           /* 0: none */
	uint16_t abort_status;        /* 200..599 */
	bool no_backend;              /* aborted is what would go to a backend that isn't there */
};

struct sl_model_origin_match {
	enum sl_text_match match;
	char *text;
};

/** Cross-origin requests (Fetch standard, as Envoy's filter reads it). */
struct sl_model_cors {
	bool on;
	bool credentials;
	bool answer_unmatched; /* preflights of other origins are answered too, without a grant */
	struct sl_model_origin_match *origins; /* exact "*": every one */
	size_t n_origins;
	char *methods, *headers, *expose, *max_age; /* values of the answer; empty: not said */
};

enum sl_lb_policy {
	SL_LB_LEAST_REQUEST,
	SL_LB_ROUND_ROBIN,
	SL_LB_RANDOM,
	SL_LB_RING_HASH,
	SL_LB_MAGLEV,
};

/** What of a request decides where SL_LB_RING_HASH and SL_LB_MAGLEV send it. */
enum sl_hash_on { SL_HASH_NONE, SL_HASH_HEADER, SL_HASH_COOKIE, SL_HASH_ADDRESS, SL_HASH_QUERY };

enum sl_probe { SL_PROBE_NONE, SL_PROBE_HTTP, SL_PROBE_TCP };

#define SL_NO_LIMIT UINT32_MAX /* of a limit: none */

/**
 * When a request is sent again (Envoy's retry_on), bits of a mask. X(NAME, "word").
 *
 * Whatever is said here, only a request that may be repeated is: wholly held, and idempotent once
 * an endpoint may have seen it (RFC 9110 9.2.2). The last five judge gRPC answers and hold for none
 * over HTTP/1.
 */
#define SL_RETRY_LIST(X)                          \
	X(CONNECT_FAILURE, "connect-failure")     \
	X(REFUSED_STREAM, "refused-stream")       \
	X(RESET, "reset")                         \
	X(BEFORE_REQUEST, "reset-before-request") \
	X(SERVER_ERROR, "5xx")                    \
	X(GATEWAY_ERROR, "gateway-error")         \
	X(CONFLICT, "retriable-4xx")              \
	X(STATUS_CODES, "retriable-status-codes") \
	X(UNAVAILABLE, "unavailable")             \
	X(CANCELLED, "cancelled")                 \
	X(DEADLINE, "deadline-exceeded")          \
	X(INTERNAL, "internal")                   \
	X(EXHAUSTED, "resource-exhausted")

enum sl_retry {
#define SL_RETRY_ENUM(name, word) SL_RETRY_##name,
	SL_RETRY_LIST(SL_RETRY_ENUM)
#undef SL_RETRY_ENUM
		SL_RETRY_COUNT
};

#define SL_RETRY_CODES_MAX 8u
/** What a route retries that says nothing: Istio's conditions, and resets before any answer. */
#define SL_RETRY_DEFAULT                                                                         \
	(1u << SL_RETRY_CONNECT_FAILURE | 1u << SL_RETRY_REFUSED_STREAM | 1u << SL_RETRY_RESET | \
	 1u << SL_RETRY_UNAVAILABLE | 1u << SL_RETRY_CANCELLED | 1u << SL_RETRY_STATUS_CODES)

struct sl_model_weight {
	char *cluster;   /* name of a cluster of this model */
	uint32_t weight; /* relative; at least one of a route is above 0 */
	char *authority; /* new Host, if the route says none; empty: Host stays */
	struct sl_model_header *headers;
	size_t n_headers;
};

/** A cluster that gets copies of a route's requests; its answers are thrown away. */
struct sl_model_mirror {
	char *cluster; /* name of a cluster of this model */
	uint32_t ppm;  /* share of the requests, 1 to SL_MODEL_PPM */
};

#define SL_MODEL_MIRRORS_MAX 16u /* of a route */

struct sl_model_route {
	char *name;            /* %ROUTE_NAME%; may be empty */
	char *virtual_service; /* "name.namespace" shown in views; empty when native */
	struct sl_origin origin;
	enum sl_path_match match;
	char *path;       /* as written */
	bool ignore_case; /* of the path; regexes excepted */
	struct sl_model_cond *conds;
	size_t n_conds;
	char *stat_prefix; /* name of its statistics where it has no other; may be empty */
	enum sl_route_action action;
	enum sl_rewrite rewrite;
	char *rewrite_to, *rewrite_regex;
	char *rewrite_authority; /* empty: Host stays */
	struct sl_model_header *headers;
	size_t n_headers;
	struct sl_model_fault fault;
	struct sl_model_cors cors;
	struct sl_model_weight *weights;
	size_t n_weights;
	struct sl_model_mirror *mirrors; /* of what is forwarded */
	size_t n_mirrors;                /* at most SL_MODEL_MIRRORS_MAX */
	uint32_t timeout_ms;             /* whole request; 0 = off */
	uint32_t retry_attempts;         /* tries after the first; 0 = off, Istio's default 2 */
	uint32_t retry_on;               /* 1u << enum sl_retry */
	uint16_t retry_codes[SL_RETRY_CODES_MAX]; /* statuses that are retried; 0 ends the list */
	uint32_t per_try_timeout_ms;              /* 0 = same as timeout_ms */
	uint16_t status;                          /* redirect or direct response */
	char *redirect_scheme, *redirect_authority, *redirect_path; /* empty: kept */
	uint16_t redirect_port;                                     /* 0: none said */
	enum sl_rewrite redirect_rewrite; /* what redirect_path replaces: PATH or ELEMENTS */
	/* Percent of its requests that are logged, plus 1; 0: as the box says. */
	uint8_t log_sample;
	char *direct_body;
};

struct sl_model_vhost {
	char *name;     /* "simple.baihl.io:80" */
	char **domains; /* lower case, no port: exact, "*.suffix" or "*" */
	size_t n_domains;
	struct sl_model_route *routes; /* first match wins */
	size_t n_routes;
	struct sl_origin origin;
};

/** A route table: the virtual hosts one listener serves ("http.8080"). */
struct sl_model_table {
	char *name;
	struct sl_model_vhost *vhosts;
	size_t n_vhosts;
};

#define SL_MODEL_SOURCES_MAX 8u

struct sl_model_listener {
	char *name;      /* "0.0.0.0_8080" */
	struct sl_ip ip; /* any address, or one of the box's */
	uint16_t port;
	char *table; /* name of a table of this model */
	/* Peers that begin every connection with a PROXY protocol header; all others must not. */
	struct sl_prefix proxy_from[SL_MODEL_SOURCES_MAX];
	uint8_t n_proxy_from;
	bool relay;    /* not HTTP: all goes where the one route of the table's one host leads */
	bool own_path; /* paths are treated as below, not as the box says */
	uint8_t path_normalize, path_slashes; /* enum sl_http_normalize, sl_http_slashes */
	uint8_t trailers;                     /* enum sl_http_trailers */
	struct sl_origin origin;
};

/* As configured; what is found out while traffic flows is the data plane's (sl_health.h). */
enum sl_health { SL_HEALTHY, SL_UNHEALTHY, SL_DRAINING };

#define SL_MODEL_WEIGHT_MAX     65536u /* of an endpoint */
#define SL_MODEL_PRIORITIES_MAX 8u

struct sl_model_endpoint {
	struct sl_ip_port addr;
	uint32_t weight; /* 1..SL_MODEL_WEIGHT_MAX */
	enum sl_health health;
	uint8_t priority; /* 0 is used first; below SL_MODEL_PRIORITIES_MAX */
	char *locality;   /* "region/zone/subzone", or empty */
};

/** Limits of a cluster (Envoy's circuit breakers and connection pool), over all workers. */
struct sl_model_limits {
	uint32_t max_connections, max_pending, max_requests, max_retries; /* or SL_NO_LIMIT */
	uint32_t max_requests_per_connection;                             /* 0: no limit */
	uint32_t idle_timeout_ms; /* of a pooled connection; 0: as the box says */
	/* Requests that may be in a further try at one time: a share of those under way in 1/10000
	 * (0: no budget), and so many in any case. */
	uint16_t retry_budget, retry_budget_min;
};

/** Consistent hashing. */
struct sl_model_hash {
	enum sl_hash_on on;
	char *name;        /* of the header (lower case), cookie or query parameter */
	char *cookie_path; /* of a cookie that we give; may be empty */
	bool cookie_make;  /* a request without the cookie gets one */
	uint32_t cookie_ttl_s;
	uint32_t ring_min; /* points on a ring at least; 0: 1024 */
};

/** Slow start of endpoints that come new or back (Istio's warmup). */
struct sl_model_warmup {
	uint32_t duration_ms;      /* 0: off */
	uint32_t min_percent;      /* share at the beginning, 1..100 */
	uint32_t aggression_milli; /* thousandths: 1000 grows evenly */
};

/** Passive health: an endpoint that fails too often takes nothing for a while. */
struct sl_model_outlier {
	bool on;
	uint32_t consecutive_5xx;     /* 0: not looked at */
	uint32_t consecutive_gateway; /* 502, 503, 504; 0: not looked at */
	uint32_t consecutive_local;   /* connect failures and resets; 0: they count as 5xx */
	uint32_t interval_ms, base_ejection_ms, max_ejection_ms;
	uint32_t max_ejection_percent;
};

#define SL_MODEL_STATUS_RANGES 4u

/** Active health: what a worker asks each endpoint for, and what it takes for an answer. */
struct sl_model_check {
	enum sl_probe probe;
	uint32_t interval_ms, timeout_ms;
	uint32_t healthy, unhealthy; /* results in a row that change an endpoint's state */
	char *path, *host;           /* HTTP */
	uint16_t port;               /* 0: the endpoint's */
	struct {
		uint16_t from, to;
	} status[SL_MODEL_STATUS_RANGES]; /* expected; from 0: end of list */
};

struct sl_model_cluster {
	char *name; /* "outbound|80||simple.simple.svc.cluster.local" */
	char *fqdn, *subset;
	uint16_t port;   /* service port */
	char *type;      /* EDS, STATIC, ... as istioctl shows it */
	char *dest_rule; /* "name.namespace" or empty */
	enum sl_lb_policy lb;
	uint32_t connect_timeout_ms;
	uint8_t proxy_protocol; /* version of the header that connections begin with; 0: none */
	uint32_t panic_percent; /* usable endpoints below this share: all are used; 0: never */
	struct sl_model_limits limits;
	struct sl_model_hash hash;
	struct sl_model_warmup warmup;
	struct sl_model_outlier outlier;
	struct sl_model_check check;
	struct sl_model_endpoint *endpoints;
	size_t n_endpoints;
	struct sl_origin origin;
};

enum sl_service_kind { SL_SVC_CLUSTER_IP, SL_SVC_NODE_PORT, SL_SVC_LOAD_BALANCER, SL_SVC_NATIVE };

/** One virtual address and port that is translated (kube-proxy's KUBE-SVC chain). */
struct sl_model_service {
	char *name; /* "namespace/name:portname" as kube-proxy writes it */
	enum sl_service_kind kind;
	struct sl_ip ip; /* virtual IP; the any address of a family for node ports */
	uint16_t port;
	uint8_t proto;  /* IPPROTO_TCP or IPPROTO_UDP */
	char *listener; /* set: handed to this listener of ours; else empty */
	char *cluster;  /* set: translated to this cluster's endpoints; else empty: refused */
	/* Of a range that begins at `port`; 0: that port alone. The endpoints' ports are the first
	 * of as many. */
	uint16_t port_last;
	bool keep_client;    /* endpoints see the client's address: their way back is through us */
	bool silent;         /* without an endpoint: dropped, not refused */
	uint32_t affinity_s; /* a client stays with its endpoint so long; 0: no */
	struct sl_prefix *sources; /* whose packets are taken; none: everybody's */
	size_t n_sources;          /* at most SL_MODEL_RANGES_MAX */
	struct sl_origin origin;
};

#define SL_MODEL_RANGES_MAX 256u

/** Ports of one service's range, at most. */
#define SL_MODEL_RANGE_MAX      4096u
/** Longest affinity, and the default where one is asked for without a time (Kubernetes). */
#define SL_MODEL_AFFINITY_MAX_S 86400u
#define SL_MODEL_AFFINITY_S     10800u

/** How many ports a service has. */
static inline uint32_t sl_model_ports(const struct sl_model_service *s)
{
	return s->port_last ? s->port_last - s->port + 1u : 1;
}

struct sl_model {
	char *locality; /* of the box, "region/zone/subzone"; set by the readers, or empty */
	struct sl_model_table *tables;
	struct sl_model_listener *listeners;
	struct sl_model_cluster *clusters;
	struct sl_model_service *services;
	size_t n_tables, n_listeners, n_clusters, n_services;
};

/** @return An empty model, or NULL when out of memory. */
struct sl_model *sl_model_create(void);
void sl_model_free(struct sl_model *model);

/** Connect timeout of a cluster that says none (Istio's mesh default). */
#define SL_MODEL_CONNECT_TIMEOUT_MS 10000u
/** Panic threshold of a cluster that says none (Envoy's default). */
#define SL_MODEL_PANIC_PERCENT      50u

/** Outlier detection with the defaults of Istio's API (and Envoy's where that is silent). */
struct sl_model_outlier sl_model_outlier_default(void);

/**
 * Sets a string of a model element: frees what was there, copies text (NULL: empty).
 *
 * @param field A string of an element that an adder returned.
 * @return 0 or -ENOMEM (the field keeps what it had).
 */
int sl_model_set(char **field, const char *text);

/**
 * Sets a route's retry conditions from a list such as "connect-failure,5xx,503".
 *
 * @param list Words of SL_RETRY_LIST and statuses, separated by commas; empty: none.
 * @return 0, or -EINVAL with what to write instead.
 */
int sl_model_retry_on(struct sl_model_route *route, const char *list, struct sl_err *err);

/** Always enough for every word of SL_RETRY_LIST. */
#define SL_RETRY_TEXT_MAX 256
/** The words of a mask, separated by commas. @return buf. */
char *sl_retry_on_text(uint32_t retry_on, char buf[SL_RETRY_TEXT_MAX]);

/** Says where an element was written. 0 or -ENOMEM. */
int sl_model_origin(struct sl_origin *origin, const char *file, int line);

/*
 * Adders: append an element with every string empty and every number 0 (an endpoint's weight 1, a
 * cluster's connect timeout and panic threshold and a route's retry conditions their defaults, no
 * limits) and return it, or NULL
 * when out of memory. The pointer is valid until the next add to the same array. Strings are set by
 * sl_model_set.
 */
struct sl_model_table *sl_model_table_add(struct sl_model *model, const char *name);
struct sl_model_vhost *sl_model_vhost_add(struct sl_model_table *table, const char *name);
int sl_model_domain_add(struct sl_model_vhost *vhost, const char *domain);
struct sl_model_route *sl_model_route_add(struct sl_model_vhost *vhost);
struct sl_model_cond *sl_model_cond_add(struct sl_model_route *route, enum sl_cond_on on,
					enum sl_text_match match, const char *name,
					const char *text);
int sl_model_weight_add(struct sl_model_route *route, const char *cluster, uint32_t weight);
int sl_model_mirror_add(struct sl_model_route *route, const char *cluster, uint32_t ppm);

/** @param headers,n Of a route or of a weight. @return 0 or -ENOMEM. */
int sl_model_header_add(struct sl_model_header **headers, size_t *n, enum sl_header_op op,
			bool response, const char *name, const char *value);
/** Whether a header (in lower case) can't be changed: it frames the message or names its host. */
bool sl_model_header_fixed(const char *name);
int sl_model_cors_origin_add(struct sl_model_cors *cors, enum sl_text_match match,
			     const char *text);
struct sl_model_listener *sl_model_listener_add(struct sl_model *model, const char *name);
struct sl_model_cluster *sl_model_cluster_add(struct sl_model *model, const char *name);
struct sl_model_endpoint *sl_model_endpoint_add(struct sl_model_cluster *cluster);
struct sl_model_service *sl_model_service_add(struct sl_model *model, const char *name);
/** @return NULL when out of memory. */
struct sl_prefix *sl_model_service_source_add(struct sl_model_service *service);

/* Linear look-ups by name; NULL when there is none. */
struct sl_model_table *sl_model_table_find(const struct sl_model *model, const char *name);
struct sl_model_listener *sl_model_listener_find(const struct sl_model *model, const char *name);
struct sl_model_cluster *sl_model_cluster_find(const struct sl_model *model, const char *name);

/**
 * Checks what no single line can show: names unique, references resolved, weights usable, no two
 * listeners or services on one address and port, nothing that lib/match could misread.
 *
 * @return 0; -EINVAL with "file:line: ..." (without an origin: the sentence alone) and what to
 *         write instead; -ENOMEM.
 */
int sl_model_check(const struct sl_model *model, struct sl_err *err);

#endif
