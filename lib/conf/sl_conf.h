/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users write, to what they meant: sluice.conf (libconfig) to the box and to the model, and
 * Istio and Kubernetes YAML to objects and to the same model. Every error is file:line and says
 * what to write instead. Control code, one thread.
 */
#ifndef SL_CONF_H
#define SL_CONF_H

#include "sl_http.h"
#include "sl_model.h"
#include "sl_names.h"
#include "sl_stats.h"

#define SL_CONF_PORTS_MAX     8
#define SL_CONF_ADDRS_MAX     8
#define SL_CONF_ROUTES_MAX    64
#define SL_CONF_HOPS_MAX      8 /* next hops of one prefix */
#define SL_CONF_CPUS_MAX      33
#define SL_CONF_SESSION_TIMES 10
#define SL_CONF_RULES_MAX     256
#define SL_CONF_SNAT_MAX      16
#define SL_CONF_EGRESS_MAX    32
#define SL_CONF_MTU_MAX       2030 /* what fits into a packet buffer with its Ethernet header */

/** What happens to packets of one direction; rates in 1/10000. */
struct sl_conf_fault_rates {
	uint16_t loss, duplicate, corrupt, reorder;
	uint16_t reorder_by;
	uint32_t reorder_time_ms, delay_ms, jitter_ms;
};

/** Faults injected on a port, for tests. */
struct sl_conf_fault {
	bool on;
	uint32_t seed;
	struct sl_conf_fault_rates rx, tx;
};

struct sl_conf_port {
	char name[32];
	char kind[16];
	char device[128];
	bool has_mac;
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t vlan;
	struct sl_prefix addr[SL_CONF_ADDRS_MAX];
	uint16_t n_addrs;
	bool router_advertisements;
	struct sl_conf_fault fault;
};

struct sl_conf_route {
	struct sl_prefix to;
	struct sl_ip via;
};

/** A rule of the access list: the first that fits decides. */
struct sl_conf_rule {
	struct sl_prefix from, to;
	uint16_t port, port_last; /* destination; 0 and 65535: any */
	uint8_t proto;            /* IPPROTO_*; 0: any */
	bool allow;
};

/** Hosts that reach others from addresses of the box. */
struct sl_conf_egress {
	struct sl_prefix from, to;
	struct sl_ip snat[SL_CONF_SNAT_MAX]; /* n_snat 0: the one towards the destination */
	uint16_t n_snat;
};

enum sl_conf_huge { SL_HUGE_AUTO, SL_HUGE_YES, SL_HUGE_NO };

/** Istio's pathNormalization; the last one unescapes slashes as well. */
enum sl_conf_path {
	SL_CONF_PATH_NONE,
	SL_CONF_PATH_BASE,
	SL_CONF_PATH_MERGE,
	SL_CONF_PATH_DECODE_AND_MERGE,
};

/** The box: what sluiced needs at start and what does not change while it runs. */
struct sl_conf_box {
	char instance[33];
	char node[254]; /* name of the box as a node of the cluster; empty: it is none */
	struct sl_conf_port port[SL_CONF_PORTS_MAX];
	uint16_t n_ports;
	struct sl_conf_route route[SL_CONF_ROUTES_MAX];
	uint16_t n_routes;
	uint16_t workers;
	int cpu[SL_CONF_CPUS_MAX]; /* cpu[0]: main lcore; cpu[1 + i]: worker i; -1: unset */
	bool busy_poll;            /* workers never sleep */
	enum sl_conf_huge hugepages;
	uint32_t memory_mb;
	uint32_t mbufs;            /* 0: chosen from memory_mb */
	char log_file[256];        /* EAL and driver messages */
	uint32_t nat_sessions;     /* a worker, rounded up to a power of two */
	uint32_t tcp_conns;        /* a worker */
	uint32_t affinity_clients; /* of services with affinity; over all workers */
	uint32_t tcp_buffer_mb;
	uint32_t tcp_keepalive_ms, tcp_user_ms;
	/* limits and timeouts; 0: the default of sl_tcp_config and sl_proxy_config */
	uint32_t head_timeout_ms, idle_timeout_ms, stream_idle_ms, pool_idle_ms;
	uint32_t pool_idle_max;
	uint32_t slots[SL_STATS_CLASS_COUNT]; /* objects of each class that have counters */
	/* Of L4 sessions and client connections, over all workers; 0: no limit. */
	uint32_t client_sessions, client_new_per_s, client_pkts_per_s, service_sessions;
	uint32_t clients_max;         /* a worker counts, rounded up to a power of two */
	uint32_t deny_after, deny_ms; /* deny_ms 0: never */
	struct sl_conf_rule rule[SL_CONF_RULES_MAX];
	uint16_t n_rules;
	struct sl_ip snat[SL_CONF_SNAT_MAX];
	uint16_t n_snat;
	struct sl_conf_egress egress[SL_CONF_EGRESS_MAX];
	uint16_t n_egress;
	uint32_t session_ms[SL_CONF_SESSION_TIMES]; /* by enum sl_nat_state (sl_flows.h) */
	uint32_t xff_trusted_hops;
	uint16_t log_sample; /* share of requests in the access log, in 1/10000 */
	uint16_t log_heads;  /* request heads a second and worker for control; 0: none */
	bool keep_request_id;
	char via[64];
	int path_normalization; /* enum sl_conf_path */
	int escaped_slashes;    /* enum sl_http_slashes */
	char server_name[32];
	/* What clients may do; 0: no limit. Those of one address are over all workers. */
	uint32_t endpoint_conns, client_conns, client_rate, client_burst, conn_requests;
	uint32_t mirrors, mirror_ms; /* copies of requests a worker has under way */
	uint64_t line_bytes, head_bytes, body_bytes, retry_body_bytes;
	uint16_t head_fields;
	uint32_t body_rate, body_rate_ms; /* bytes a second, over that time */
	uint32_t request_ms, stream_ms, drain_ms;
	int http10;   /* 0: served, 1: refused */
	int trailers; /* 0: dropped, 1: forwarded */
	bool websocket;
};

#define SL_CONF_DNS_SERVERS 3 /* as resolv.conf(5) */

/** How names that stand for endpoints are looked up. */
struct sl_conf_dns {
	struct sl_ip_port server[SL_CONF_DNS_SERVERS]; /* n_servers 0: those of resolv.conf */
	uint16_t n_servers;
	uint32_t timeout_ms; /* of a question to a server */
	uint32_t refresh_min_ms, refresh_max_ms;
	uint32_t names, addresses; /* most names; most addresses of one */
};

/** What sluice-control needs besides the model. */
struct sl_conf_control {
	char socket[108];       /* Unix socket; default /run/sluice/NAME.sock */
	char state_dir[256];    /* applied objects; default /var/lib/sluice/NAME */
	char cache_dir[256];    /* compiled databases; default STATE/cache */
	char access_log[256];   /* file, "-" for standard output, empty: off */
	char log_format[4097];  /* istio, json, combined, or a line with operators */
	char locality[256];     /* where the box stands, "region/zone/subzone"; may be empty */
	char manifest[16][256]; /* files and folders of YAML, relative to sluice.conf */
	uint16_t n_manifests;
	bool watch;       /* manifests are read again when they change */
	uint16_t history; /* earlier configurations that are kept */
	/* Listeners for operators: Envoy's admin interface, readiness, Prometheus; as written and
	 * as read, port 0: none. */
	char admin_text[3][64];
	struct sl_ip_port admin[3];
	struct sl_conf_dns dns;
};

struct sl_conf; /* a parsed sluice.conf */

/**
 * Reads and checks a whole sluice.conf: syntax, unknown keys ("did you mean"), types, ranges.
 *
 * @return 0; -ENOENT, -EINVAL with file:line.
 */
int sl_conf_read(struct sl_conf **out, const char *path, struct sl_err *err);

/** The same from memory; `name` stands for the file in messages, @include is refused. */
int sl_conf_read_text(struct sl_conf **out, const char *name, const char *text, size_t len,
		      struct sl_err *err);
void sl_conf_free(struct sl_conf *conf);

/** Every key of sluice.conf with type, range, default and meaning, as Markdown; caller frees. */
char *sl_conf_reference(void);

const struct sl_conf_box *sl_conf_box(const struct sl_conf *conf);
/** What its `http` keys say about paths. */
struct sl_http_path_rules sl_conf_path_rules(const struct sl_conf_box *box);
const struct sl_conf_control *sl_conf_control(const struct sl_conf *conf);

/** -EINVAL with file and line of a setting ("log.format"), for what is checked elsewhere. */
int sl_conf_bad(const struct sl_conf *conf, const char *setting, const char *why,
		struct sl_err *err);

/** Adds the listeners, routes, clusters and services said natively. 0 or -EINVAL. */
int sl_conf_model(const struct sl_conf *conf, struct sl_model *model, struct sl_err *err);

/** A set of Kubernetes and Istio objects. */
struct sl_objects;

/**
 * The same with what is known of names (sl_objects_use_names).
 *
 * @param set Is left with the names that sluice.conf wants, to which a translation adds its own.
 */
int sl_conf_model_on(const struct sl_conf *conf, const struct sl_objects *set,
		     struct sl_model *model, struct sl_err *err);

/* ---- manifests ---- */

/** An object as users name it. Strings are owned by the set. */
struct sl_object_ref {
	const char *api_version, *kind, *ns, *name;
	const char *file; /* where it was read; line of its first key */
	int line;
	bool ignored; /* a kind of applications (ConfigMap ...): accepted, not used */
};

struct sl_objects *sl_objects_create(void);
void sl_objects_free(struct sl_objects *set);

/**
 * Reads a YAML file, or every *.yaml and *.yml of a folder, into the set, all or nothing. An
 * object already there (kind, namespace, name) is replaced; twice in one call is an error.
 *
 * @return 0, -ENOENT, -EINVAL (file:line), -E2BIG (limits against YAML bombs).
 */
int sl_objects_read(struct sl_objects *set, const char *path, struct sl_err *err);

/** Whether an entry of this name in such a folder is read. */
bool sl_objects_file(const char *name);

/** Same from memory; `name` stands for the file in messages. */
int sl_objects_read_text(struct sl_objects *set, const char *name, const char *text, size_t len,
			 struct sl_err *err);

size_t sl_objects_count(const struct sl_objects *set);
struct sl_object_ref sl_objects_at(const struct sl_objects *set, size_t i);

/** The object as canonical YAML (malloc'ed, caller frees), for storing and `get -o yaml`. */
char *sl_objects_yaml(const struct sl_objects *set, size_t i);

#define SL_OBJECTS_NONE SIZE_MAX

/** Place in a set of the object with the kind, namespace and name of from's i-th, or none. */
size_t sl_objects_place(const struct sl_objects *set, const struct sl_objects *from, size_t i);

/** 128 bits over that YAML, kept with the object. 0 or -ENOMEM. */
int sl_objects_hash(const struct sl_objects *set, size_t i, uint64_t hash[2]);

/** Whether two objects say the same, wherever they were written: 1, 0 or -ENOMEM. */
int sl_objects_same(const struct sl_objects *a, size_t i, const struct sl_objects *b, size_t k);

/** Puts an object of another set in, replacing; both sets share it. 0 or -ENOMEM. */
int sl_objects_put(struct sl_objects *set, const struct sl_objects *from, size_t i);

/** Removes by kind (case-insensitive), namespace and name; -ENOENT when it is not there. */
int sl_objects_remove(struct sl_objects *set, const char *kind, const char *ns, const char *name);

/**
 * Translates all objects into the model as Istio's pilot and kube-proxy would.
 *
 * @param own Addresses of the box (its ports'): endpoints there are listeners of ours.
 * @return 0 or -EINVAL with file:line. What is no error but worth a word (a TLS server that is not
 *         opened, a rule that is never reached) is left as warnings with the set.
 */
int sl_objects_model(const struct sl_objects *set, const struct sl_prefix *own, size_t n_own,
		     struct sl_model *model, struct sl_err *err);

/**
 * The same for a box that is a node of the cluster.
 *
 * @param node Its name there: which endpoints are local to it. Empty: it stands in front of the
 *             cluster, and all are.
 */
int sl_objects_model_on(const struct sl_objects *set, const char *node, const struct sl_prefix *own,
			size_t n_own, struct sl_model *model, struct sl_err *err);

/** What makes two sets different, as far as their translation goes. */
enum sl_objects_change {
	SL_OBJECTS_EQUAL,     /* nothing */
	SL_OBJECTS_ENDPOINTS, /* who the endpoints are: sl_objects_endpoints_on translates it */
	SL_OBJECTS_MORE,
};

/** @param own Addresses of the box, as above. */
enum sl_objects_change sl_objects_compare(const struct sl_objects *was,
					  const struct sl_objects *now, const struct sl_prefix *own,
					  size_t n_own);

/**
 * The part of sl_objects_model_on that depends on endpoints: clusters and L4 services.
 *
 * @param was The set before, translated as a whole or in this way: differs by
 *            SL_OBJECTS_ENDPOINTS at most. Its warnings that still hold are taken over.
 * @param clusters Names of the n clusters in the order that translation made them.
 * @param model Holds the listeners already.
 * @return As above; -ESTALE: a cluster can't be made from its name alone.
 */
int sl_objects_endpoints_on(const struct sl_objects *set, const struct sl_objects *was,
			    const char *node, const struct sl_prefix *own, size_t n_own,
			    const char *const *clusters, size_t n, struct sl_model *model,
			    struct sl_err *err);

/** A name that stands for endpoints, and where it is written first. */
struct sl_name_wanted {
	const char *name;
	const char *file;
	int line;
	bool first; /* it matters which of its addresses comes first */
};

/**
 * Says what is known of names, for the translations of the set and for comparing it.
 *
 * @param names Outlives the set, or NULL: nothing is.
 * @param most Names that the set may want; more are refused.
 */
void sl_objects_use_names(struct sl_objects *set, const struct sl_names *names, size_t most);

/** The table's version when sl_objects_use_names was called; 0: without one. */
uint64_t sl_objects_names_version(const struct sl_objects *set);

/** Names that the last translation of the set wanted; i < count. Owned by the set. */
size_t sl_objects_wanted_count(const struct sl_objects *set);
struct sl_name_wanted sl_objects_wanted_at(const struct sl_objects *set, size_t i);

/** Warnings of the last sl_objects_model of the set, each "file:line: sentence"; i < count. */
size_t sl_objects_warning_count(const struct sl_objects *set);
const char *sl_objects_warning_at(const struct sl_objects *set, size_t i);

#endif
