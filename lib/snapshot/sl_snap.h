/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout of one compiled configuration in its shared segment `snap.<epoch>`.
 *
 * Written once by the control process, then immutable; read by everyone else to any 64-byte
 * aligned address: offsets and row numbers, never pointers. A reader calls sl_snap_check
 * before anything else; after that every row number, span and string in it is within bounds.
 *
 * What endpoints and L4 services are stands behind what routes are. A snapshot in which only the
 * former is new is a patch of an earlier one: its routes are those of epoch `base` to the byte, its
 * file leaves them out, and who has them in memory already shares them (sl_snap_load).
 */
#ifndef SL_SNAP_H
#define SL_SNAP_H

#include <stdint.h>

#include "sl_balance.h"
#include "sl_base.h"
#include "sl_health.h"
#include "sl_http.h"
#include "sl_model.h"
#include "sl_stats.h"

#define SL_SNAP_MAGIC   UINT64_C(0x50414e5345434c53) /* "SLCESNAP" */
#define SL_SNAP_VERSION 5u
#define SL_SNAP_NONE    UINT32_MAX /* "no row" */

/** Bytes in the string heap (tab[SL_SNAP_STRINGS]). Also NUL-terminated there. */
struct sl_ref {
	uint32_t off, len;
};

/** Consecutive rows of another table. */
struct sl_span {
	uint32_t first, n;
};

/**
 * Statistics slot: kept from epoch to epoch by name (sl_snap_slot_name); born is the epoch it was
 * given out in.
 */
struct sl_slot {
	uint32_t index;
	uint32_t pad;
	uint64_t born;
};

/** Hyperscan database: bytes in tab[SL_SNAP_BLOBS] at a 64-byte aligned offset; len 0 = none. */
struct sl_blob {
	uint64_t off, len;
};

struct sl_snap_listener {
	struct sl_ref name;
	struct sl_ip ip; /* any address: every address of the box */
	uint16_t port;   /* host byte order */
	uint8_t n_proxy_from;
	uint8_t own_path; /* 1: the next two, else as the box says */
	uint8_t path_normalize, path_slashes;
	uint8_t trailers; /* enum sl_http_trailers */
	uint8_t relay;    /* 1: not HTTP; all goes where the first route of the table leads */
	uint32_t table;   /* row of SL_SNAP_TABLES */
	uint32_t pad2;
	struct sl_slot slot;
	struct sl_prefix proxy_from[SL_MODEL_SOURCES_MAX]; /* peers that send a PROXY header */
};

struct sl_snap_table {
	struct sl_ref name;
	struct sl_span vhosts;
	struct sl_blob hosts_db; /* of suffixes and "*"; ids are offsets into `domains`, smallest id
				    wins */
	struct sl_span domains;
	struct sl_span host_index; /* buckets of SL_SNAP_HOST_INDEX: the exact domains */
};

/** One domain of a table, in order of precedence: exact, longest suffix first, then "*". */
struct sl_snap_domain {
	struct sl_ref name;
	uint32_t vhost; /* row of vhosts */
	uint32_t pad;
};

struct sl_snap_vhost {
	struct sl_ref name;
	struct sl_span routes;
	struct sl_span names;    /* its domains as written, rows of SL_SNAP_NAMES */
	struct sl_blob paths_db; /* ids are offsets into `routes` of the heads of their chains;
				    those of root_route's chain are not in it */
	uint32_t root_route;     /* head of the chain of routes that match any path, or any that
				    begins with '/'; or SL_SNAP_NONE */
	uint32_t pad;
};

/** A condition besides the path. */
struct sl_snap_cond {
	struct sl_ref name, text;
	struct sl_blob regex_db;
	uint8_t on;    /* enum sl_cond_on */
	uint8_t match; /* enum sl_text_match */
	uint8_t invert;
	uint8_t pad[5];
};

struct sl_snap_route {
	struct sl_ref name, virtual_service, path;
	struct sl_ref rewrite_to, rewrite_authority;
	struct sl_ref redirect_authority, redirect_path, direct_body;
	struct sl_span weights, mirrors;
	uint32_t weight_sum;
	uint32_t timeout_ms, per_try_timeout_ms; /* 0 = off */
	uint16_t retry_attempts;
	uint16_t status;
	uint8_t match;   /* enum sl_path_match */
	uint8_t action;  /* enum sl_route_action */
	uint8_t rewrite; /* enum sl_rewrite */
	uint8_t ignore_case;
	uint32_t retry_on;                        /* 1u << enum sl_retry */
	uint16_t retry_codes[SL_RETRY_CODES_MAX]; /* statuses that are retried; 0 ends the list */
	struct sl_span conds;
	/* Routes with the same path match form a chain in list order, found by one id: offsets of
	 * its first route and of the next one (SL_SNAP_NONE: none). */
	uint32_t head, next;
	struct sl_ref rewrite_regex, redirect_scheme;
	struct sl_span changes; /* of answers we give ourselves: redirects and direct ones */
	uint32_t cors;          /* row of SL_SNAP_CORS, or SL_SNAP_NONE */
	uint32_t fault_delay_ms, fault_delay_ppm, fault_abort_ppm;
	uint16_t fault_abort_status;
	uint16_t redirect_port;   /* 0: none said */
	uint8_t redirect_rewrite; /* enum sl_rewrite: what redirect_path replaces */
	uint8_t log_sample;       /* as in struct sl_model_route */
	uint8_t fault_no_backend; /* 1: as in struct sl_model_fault */
	uint8_t pad;
	/* Stable from epoch to epoch: "table/vhost/route", the route as "#i" (its place) when it
	 * has no name, as "name#k" when it is the k-th of that name. */
	struct sl_ref slot_name;
	struct sl_slot slot;
};

struct sl_snap_weight {
	uint32_t cluster; /* row of clusters */
	uint32_t weight;
	struct sl_ref authority; /* new Host; empty: Host stays */
	struct sl_span changes;  /* of requests and answers that go this way */
};

/** A cluster that gets copies of a route's requests. */
struct sl_snap_mirror {
	uint32_t cluster; /* row of clusters */
	uint32_t ppm;     /* share of the requests, 1 to SL_MODEL_PPM */
};

/**
 * One step of what is changed about headers: fields of that name that came are dropped, or a field
 * is put in. What several settings make of one another is worked out when a snapshot is built, so
 * their order does not matter any more, but for fields of one name.
 */
struct sl_snap_change {
	struct sl_ref name, value;
	uint8_t put;      /* else drop */
	uint8_t response; /* else of the request */
	uint8_t pad[6];
};

struct sl_snap_cors {
	struct sl_ref methods, headers, expose, max_age;
	struct sl_span origins; /* rows of SL_SNAP_ORIGINS: any of them */
	uint8_t credentials, answer_unmatched;
	uint8_t pad[6];
};

/** Consistent hashing of a cluster. */
struct sl_snap_hash {
	struct sl_ref name, cookie_path;
	uint32_t cookie_ttl_s;
	uint8_t on;          /* enum sl_hash_on */
	uint8_t cookie_make; /* a request without the cookie gets one */
	uint8_t pad[2];
};

/** Active health check of a cluster; as struct sl_model_check. */
struct sl_snap_probe {
	struct sl_ref path, host;
	uint32_t interval_ms, timeout_ms;
	uint32_t healthy, unhealthy;
	uint16_t port;
	uint8_t kind; /* enum sl_probe */
	uint8_t pad[5];
	struct {
		uint16_t from, to;
	} status[SL_MODEL_STATUS_RANGES];
};

struct sl_snap_cluster {
	struct sl_ref name, fqdn, subset, type, dest_rule;
	struct sl_span endpoints; /* every endpoint, also those that take nothing new */
	struct sl_span healthy;   /* those with SL_HEALTHY: the first ones of `endpoints` */
	struct sl_span levels;    /* `healthy` by priority: rows of levels, the best one first */
	uint32_t connect_timeout_ms;
	uint16_t port;
	uint8_t lb; /* enum sl_lb_policy */
	uint8_t panic_percent;
	/* Limits over all workers, SL_NO_LIMIT: none. */
	uint32_t max_connections, max_pending, max_requests, max_retries;
	uint32_t max_requests_per_connection;    /* 0: no limit */
	uint32_t idle_timeout_ms;                /* of a pooled connection; 0: as the box says */
	uint32_t warmup_ms;                      /* slow start; 0: off */
	uint32_t warmup_min;                     /* percent */
	float warmup_power;                      /* share = (age / warmup_ms) ^ this */
	uint16_t retry_budget, retry_budget_min; /* as in struct sl_model_limits */
	uint8_t proxy_protocol; /* version of the header that connections begin with; 0: none */
	uint8_t pad[3];
	uint32_t pad2;
	struct sl_snap_hash hash;
	struct sl_outlier outlier;
	struct sl_snap_probe probe;
	struct sl_slot slot;
};

/** Endpoints of one priority of a cluster. */
struct sl_snap_level {
	struct sl_span endpoints; /* rows of endpoints, at least one */
	uint64_t weight_sum;
	uint32_t even; /* all weights are the same */
	uint32_t ring; /* row of rings (hash policies), or SL_SNAP_NONE */
};

/** Where hashes lead; kept from snapshot to snapshot, and shared, by content. */
struct sl_snap_ring {
	uint64_t key;    /* hash over endpoints, weights and kind */
	uint32_t n;      /* endpoints it leads to: its numbers are below */
	uint32_t maglev; /* 1: span of maglev rows; 0: of points */
	struct sl_span span;
};

struct sl_snap_endpoint {
	struct sl_ip ip;
	uint16_t port;
	uint8_t health; /* enum sl_health */
	uint8_t priority;
	uint32_t weight;
	uint32_t cluster;        /* row of clusters */
	uint32_t upto;           /* sum of the weights of its level up to and with its own */
	struct sl_ref locality;  /* "region/zone/subzone", or empty */
	struct sl_ref slot_name; /* "cluster|ip:port" */
	struct sl_slot slot;
};

struct sl_snap_service {
	struct sl_ref name;
	struct sl_ip ip; /* the any address: every address of the box (node port) */
	uint16_t port;
	uint8_t proto;
	uint8_t kind;        /* enum sl_service_kind */
	uint32_t listener;   /* row, or SL_SNAP_NONE */
	uint32_t cluster;    /* row, or SL_SNAP_NONE; both none: refused */
	uint32_t affinity_s; /* 0: none */
	uint16_t port_last;  /* of its range; `port` where it has but one */
	uint8_t keep_client; /* the endpoint sees the client's own address */
	uint8_t silent;      /* dropped, not refused, without an endpoint */
	uint32_t pad;
	struct sl_span sources;  /* prefixes whose packets are taken; none: everybody's */
	struct sl_ref slot_name; /* "service ip:port/proto" */
	struct sl_slot slot;
};

/**
 * Bucket of an open-addressed table of the endpoints that clients reach under their own address:
 * what these send is an answer, whoever it is addressed to.
 */
struct sl_snap_direct {
	struct sl_ip ip;
	uint16_t port;
	uint8_t proto; /* 0: empty */
	uint8_t pad;
};

enum sl_snap_tab {
	SL_SNAP_LISTENERS,
	SL_SNAP_TABLES,
	SL_SNAP_DOMAINS,
	SL_SNAP_VHOSTS,
	SL_SNAP_NAMES, /* struct sl_ref */
	SL_SNAP_ROUTES,
	SL_SNAP_CONDS,
	SL_SNAP_CHANGES,
	SL_SNAP_CORS,
	SL_SNAP_ORIGINS, /* struct sl_snap_cond */
	SL_SNAP_WEIGHTS,
	SL_SNAP_MIRRORS,
	SL_SNAP_POINTS, /* struct sl_balance_point, sorted by hash; index: offset in the level */
	SL_SNAP_MAGLEV, /* uint16_t: offset of an endpoint in its level */
	SL_SNAP_RINGS,
	SL_SNAP_LEVELS,
	SL_SNAP_CLUSTERS, /* checked behind what they refer to */
	SL_SNAP_ENDPOINTS,
	SL_SNAP_SERVICES,
	SL_SNAP_SERVICE_INDEX, /* uint32_t hash buckets of service rows, power of two, open address
				*/
	SL_SNAP_DIRECT,        /* power of two, at most half full; no row: there are none */
	SL_SNAP_PREFIXES,      /* struct sl_prefix */
	SL_SNAP_HOST_INDEX,    /* uint32_t hash buckets of domain rows: of each table a power of two
				* of them, open address */
	SL_SNAP_BLOBS,         /* bytes */
	SL_SNAP_STRINGS,       /* bytes */
	SL_SNAP_TABS
};

/** What begins at a multiple of this can be shared between snapshots. */
#define SL_SNAP_PAGE 4096u

/** Segment header, at offset 0 of its first page. */
struct sl_snap {
	uint64_t magic;
	uint32_t version;
	uint32_t layout; /* hash over the sizes of every row struct */
	uint64_t epoch;
	uint64_t size; /* of the whole segment in bytes */
	uint64_t built_wall_us;
	uint64_t base;       /* epoch that the routes are of; its own when it is no patch */
	uint64_t routes_end; /* routes and their strings: from SL_SNAP_PAGE up to there, whole pages
			      */
	uint32_t routes_crc; /* CRC-32C of those */
	uint32_t crc;        /* CRC-32C of everything else but this field */
	struct {
		uint64_t off;
		uint32_t n;    /* rows */
		uint32_t size; /* bytes a row */
	} tab[SL_SNAP_TABS];
};

#define SL_SNAP_ROWS(fn, type, which)                                                    \
	static inline const struct type *fn(const struct sl_snap *s, uint32_t row)       \
	{                                                                                \
		return (const struct type *)((const char *)s + s->tab[which].off) + row; \
	}
SL_SNAP_ROWS(sl_snap_listener, sl_snap_listener, SL_SNAP_LISTENERS)
SL_SNAP_ROWS(sl_snap_table, sl_snap_table, SL_SNAP_TABLES)
SL_SNAP_ROWS(sl_snap_domain, sl_snap_domain, SL_SNAP_DOMAINS)
SL_SNAP_ROWS(sl_snap_vhost, sl_snap_vhost, SL_SNAP_VHOSTS)
SL_SNAP_ROWS(sl_snap_name, sl_ref, SL_SNAP_NAMES)
SL_SNAP_ROWS(sl_snap_route, sl_snap_route, SL_SNAP_ROUTES)
SL_SNAP_ROWS(sl_snap_cond, sl_snap_cond, SL_SNAP_CONDS)
SL_SNAP_ROWS(sl_snap_change, sl_snap_change, SL_SNAP_CHANGES)
SL_SNAP_ROWS(sl_snap_cors, sl_snap_cors, SL_SNAP_CORS)
SL_SNAP_ROWS(sl_snap_origin, sl_snap_cond, SL_SNAP_ORIGINS)
SL_SNAP_ROWS(sl_snap_weight, sl_snap_weight, SL_SNAP_WEIGHTS)
SL_SNAP_ROWS(sl_snap_mirror, sl_snap_mirror, SL_SNAP_MIRRORS)
SL_SNAP_ROWS(sl_snap_cluster, sl_snap_cluster, SL_SNAP_CLUSTERS)
SL_SNAP_ROWS(sl_snap_endpoint, sl_snap_endpoint, SL_SNAP_ENDPOINTS)
SL_SNAP_ROWS(sl_snap_level, sl_snap_level, SL_SNAP_LEVELS)
SL_SNAP_ROWS(sl_snap_ring, sl_snap_ring, SL_SNAP_RINGS)
SL_SNAP_ROWS(sl_snap_point, sl_balance_point, SL_SNAP_POINTS)
SL_SNAP_ROWS(sl_snap_service, sl_snap_service, SL_SNAP_SERVICES)
SL_SNAP_ROWS(sl_snap_direct, sl_snap_direct, SL_SNAP_DIRECT)
SL_SNAP_ROWS(sl_snap_prefix, sl_prefix, SL_SNAP_PREFIXES)

/** Numbers of a Maglev table. */
static inline const uint16_t *sl_snap_maglev(const struct sl_snap *s, uint32_t row)
{
	return (const uint16_t *)((const char *)s + s->tab[SL_SNAP_MAGLEV].off) + row;
}

/** Number of rows of a table. */
static inline uint32_t sl_snap_count(const struct sl_snap *s, enum sl_snap_tab which)
{
	return s->tab[which].n;
}

static inline struct sl_str sl_snap_str(const struct sl_snap *s, struct sl_ref ref)
{
	return (struct sl_str){(const char *)s + s->tab[SL_SNAP_STRINGS].off + ref.off, ref.len};
}

static inline const void *sl_snap_blob(const struct sl_snap *s, struct sl_blob blob)
{
	return (const char *)s + s->tab[SL_SNAP_BLOBS].off + blob.off;
}

/**
 * Whether a mapped segment is a whole, undamaged snapshot of this layout: magic, version, layout
 * hash, size, checksum, and every reference inside its table.
 *
 * What it cannot judge is a Hyperscan database forged together with both of its checksums: write
 * access to the segment is the control process's alone.
 *
 * @param snap 64-byte aligned.
 * @param size Bytes mapped.
 * @return 0; -EPROTO (other layout, or compiled for another machine) or -EBADMSG (damaged), with a
 *         text. Any thread.
 */
int sl_snap_check(const struct sl_snap *snap, size_t size, struct sl_err *err);

/**
 * Reads snap.<epoch> and checks it. The copy is the caller's own: whoever changes or cuts the file
 * afterwards changes nothing that was checked, and reading it can't fault.
 *
 * @param have A snapshot this read earlier, or NULL. If the new one is a patch of the same routes,
 *             it shares these pages, and they are not checked again; else they are read from
 *             snap.<base> beside the file. Either may be given back first.
 * @return 0; -ENOENT, -EPROTO, -EBADMSG or another reason, with a text that names the file.
 */
int sl_snap_load(const struct sl_snap **out, const char *path, uint64_t epoch,
		 const struct sl_snap *have, struct sl_err *err);
/** Gives that memory back. @param snap May be NULL. */
void sl_snap_unload(const struct sl_snap *snap);

/** Sets both checksums of a snapshot whose size and routes_end are true. */
void sl_snap_seal(struct sl_snap *snap);

/** Whether listeners and routes of both are the same, row by row; either may be NULL. */
static inline bool sl_snap_same_routes(const struct sl_snap *a, const struct sl_snap *b)
{
	return a && b && a->base == b->base && a->routes_end == b->routes_end &&
	       a->routes_crc == b->routes_crc;
}

/**
 * Whether every statistics slot lies within the counters a worker has.
 *
 * @param have One that has passed with these numbers, or NULL: its routes aren't looked at again.
 * @param slots Numbers of slots by class, e.g. sl_stats_worker.slots.
 * @return 0 or -ENOSPC with a text. Any thread.
 */
int sl_snap_check_slots(const struct sl_snap *snap, const struct sl_snap *have,
			const uint32_t slots[SL_STATS_CLASS_COUNT], struct sl_err *err);

/** Whether rows with slots of this class belong to the routes (see sl_snap_same_routes). */
bool sl_snap_slot_of_routes(enum sl_stats_class cls);

/** Table whose rows have statistics slots of this class; sl_snap_slot for its rows. */
enum sl_snap_tab sl_snap_slot_tab(enum sl_stats_class cls);

/** Statistics slot of one row of sl_snap_slot_tab(cls). */
const struct sl_slot *sl_snap_slot(const struct sl_snap *snap, enum sl_stats_class cls,
				   uint32_t row);

/** Name by which that slot is carried over: slot_name where there is one, else name. */
struct sl_ref sl_snap_slot_name(const struct sl_snap *snap, enum sl_stats_class cls, uint32_t row);

/**
 * The service a packet is for.
 *
 * @param ip Its destination; or, when that is an address of the box, the any address of its family
 *           to look for a node port.
 * @return Row of services, or SL_SNAP_NONE. Worker-safe: no allocation, no system call.
 */
uint32_t sl_snap_service_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port,
			      uint8_t proto);

/** Whether endpoints answer clients under these clients' own addresses from there. Worker-safe. */
bool sl_snap_is_direct(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port,
		       uint8_t proto);

/**
 * Listener that is bound to ip:port, or else to the any address of its family and that port.
 *
 * @return Row or SL_SNAP_NONE. Worker-safe.
 */
uint32_t sl_snap_listener_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port);

/**
 * Where a listener with `relay` leads.
 *
 * @return Its table's first route, or NULL when there is none. Worker-safe.
 */
const struct sl_snap_route *sl_snap_relay_route(const struct sl_snap *snap,
						const struct sl_snap_listener *l);

/* Outcome of routing one request. */
struct sl_route_hit {
	uint32_t domain; /* rows, or SL_SNAP_NONE */
	uint32_t vhost;
	uint32_t route;
};

struct sl_match_scratch; /* lib/match: one per lcore */

/**
 * Grows a scratch (NULL at first) for every database of a snapshot.
 *
 * @return 0 or -ENOMEM. Main lcore or control, while no scan uses *scratch.
 */
int sl_snap_scratch_grow(const struct sl_snap *snap, struct sl_match_scratch **scratch,
			 struct sl_err *err);

/** Host without its port: what virtual hosts are found by. */
struct sl_str sl_snap_host_name(struct sl_str host);

/** A header field that the gateway itself sets before it routes. */
struct sl_snap_field {
	struct sl_str name, value;
};

/** What routing looks at. Of the client's own fields, x-envoy-* are never seen. */
struct sl_snap_request {
	struct sl_str host;  /* as sent, port included; case does not matter to find a domain */
	struct sl_str path;  /* without the query */
	struct sl_str query; /* with its '?'; empty when there is none */
	struct sl_str method, scheme;
	const struct sl_http_field *field; /* of the client */
	const struct sl_snap_field *ours;  /* each stands for all of the client's of its name */
	uint16_t n_fields, n_ours;
};

/**
 * Routes one request: Host to virtual host, then the first route in list order whose path and
 * conditions match. The worker and `sluicectl explain` both call this.
 *
 * @param table Row of the listener's table.
 * @return 0; -ENOENT when no virtual host (hit->vhost none) or no route (hit->route none) matches.
 *         Worker-safe.
 */
int sl_snap_route_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
		       const struct sl_snap_request *rq, struct sl_route_hit *hit);

/**
 * Names of the header fields whose values some route's conditions look at, each once, in the order
 * of the routes.
 *
 * @param out Receives up to cap names, which live as long as the snapshot.
 * @return how many there are of them; cap: there may be more. Worker-safe, takes time for every
 *         condition.
 */
uint32_t sl_snap_header_names(const struct sl_snap *snap, struct sl_str *out, uint32_t cap);

/** Whether one condition holds. @param cond Row of SL_SNAP_CONDS. Worker-safe. */
bool sl_snap_cond_holds(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			const struct sl_snap_request *rq, uint32_t cond);

/* Why a route was or was not taken, for explanations. X(NAME, "sentence"). */
#define SL_WHY_LIST(X)                                           \
	X(TAKEN, "first route in the list that matches")         \
	X(LATER, "stands behind the route that was taken")       \
	X(EXACT, "the path is not equal to it")                  \
	X(PREFIX, "the path does not begin with it")             \
	X(REGEX, "the regex does not match the whole path")      \
	X(ELEMENTS, "the path does not begin with its elements") \
	X(METHOD, "the method does not match")                   \
	X(SCHEME, "the scheme does not match")                   \
	X(AUTHORITY, "the authority does not match")             \
	X(TARGET, "the path with its query does not match")      \
	X(HEADER, "a header does not match")                     \
	X(WITHOUT_HEADER, "a header matches that must not")      \
	X(QUERY, "a query parameter does not match")

enum sl_why {
#define SL_WHY_ENUM(name, text) SL_WHY_##name,
	SL_WHY_LIST(SL_WHY_ENUM)
#undef SL_WHY_ENUM
};

/**
 * Why one route of the virtual host that was hit was taken or not, by the worker's own functions.
 *
 * @param rq,hit What sl_snap_route_find was asked and gave, hit->vhost set.
 * @param route Row of routes in that virtual host.
 * @param cond Receives the row of the first condition that does not hold, or SL_SNAP_NONE.
 */
enum sl_why sl_snap_route_why(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			      const struct sl_snap_request *rq, const struct sl_route_hit *hit,
			      uint32_t route, uint32_t *cond);
const char *sl_why_text(enum sl_why why);

/**
 * The path that goes upstream for a route hit.
 *
 * @param scratch Was grown for this snapshot.
 * @param target Path and query of the request.
 * @param out Buffer of cap bytes.
 * @return Bytes written; -ENOSPC when the result does not fit; -EINVAL when a regex took too many
 *         steps. Worker-safe.
 */
int sl_snap_rewrite(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t route,
		    struct sl_str target, char *out, size_t cap);

/**
 * Where a redirecting route sends a request.
 *
 * @param host Host as sent, port included.
 * @param target Path and query.
 * @return As above. Worker-safe.
 */
int sl_snap_redirect(const struct sl_snap *snap, uint32_t route, struct sl_str scheme,
		     struct sl_str host, struct sl_str target, char *out, size_t cap);

/** Whether a CORS policy grants an origin. Worker-safe. */
bool sl_snap_cors_grants(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			 const struct sl_snap_cors *cors, struct sl_str origin);

#endif
