/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout of one compiled configuration in its shared segment `snap.<epoch>`.
 *
 * Written once by the control process, then immutable; mapped read-only by everyone else at any
 * address: offsets and row numbers, never pointers. A reader calls sl_snap_check before anything
 * else; after that every row number, span and string in it is within bounds.
 */
#ifndef SL_SNAP_H
#define SL_SNAP_H

#include <stdint.h>

#include "sl_base.h"
#include "sl_model.h"

#define SL_SNAP_MAGIC	UINT64_C(0x50414e5345434c53) /* "SLCESNAP" */
#define SL_SNAP_VERSION 1u
#define SL_SNAP_NONE	UINT32_MAX /* "no row" */

/** Bytes in the string heap (tab[SL_SNAP_STRINGS]). Also NUL-terminated there. */
struct sl_ref {
	uint32_t off, len;
};

/** Consecutive rows of another table. */
struct sl_span {
	uint32_t first, n;
};

/** Statistics slot: kept from epoch to epoch by name; born is the epoch it was given out in. */
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
	uint16_t port;	 /* host byte order */
	uint16_t pad[3];
	uint32_t table; /* row of SL_SNAP_TABLES */
	uint32_t pad2;
	struct sl_slot slot;
};

struct sl_snap_table {
	struct sl_ref name;
	struct sl_span vhosts;
	struct sl_blob hosts_db; /* ids are rows of `domains`, best match = smallest id */
	struct sl_span domains;
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
	struct sl_span names; /* its domains as written, rows of SL_SNAP_NAMES */
	struct sl_blob paths_db; /* ids are offsets into `routes`, smallest id wins */
	uint32_t any_route;	 /* first route (offset) that matches any path, or SL_SNAP_NONE */
	uint32_t pad;
};

struct sl_snap_route {
	struct sl_ref name, virtual_service, path;
	struct sl_ref rewrite_to, rewrite_authority;
	struct sl_ref redirect_authority, redirect_path, direct_body;
	struct sl_span weights;
	uint32_t weight_sum;
	uint32_t timeout_ms, per_try_timeout_ms; /* 0 = off */
	uint16_t retry_attempts;
	uint16_t status;
	uint8_t match;	 /* enum sl_path_match */
	uint8_t action;	 /* enum sl_route_action */
	uint8_t rewrite; /* enum sl_rewrite */
	uint8_t pad[5];
	struct sl_slot slot;
};

struct sl_snap_weight {
	uint32_t cluster; /* row of clusters */
	uint32_t weight;
};

struct sl_snap_cluster {
	struct sl_ref name, fqdn, subset, type, dest_rule;
	struct sl_span endpoints; /* every endpoint, also those that take nothing new */
	struct sl_span healthy;	  /* those with SL_HEALTHY: the first ones of `endpoints` */
	uint32_t connect_timeout_ms;
	uint16_t port;
	uint8_t lb; /* enum sl_lb_policy */
	uint8_t pad;
	struct sl_slot slot;
};

struct sl_snap_endpoint {
	struct sl_ip ip;
	uint16_t port;
	uint8_t health; /* enum sl_health */
	uint8_t pad;
	uint32_t weight;
	uint32_t cluster; /* row of clusters */
	uint32_t pad2;
	struct sl_slot slot;
};

struct sl_snap_service {
	struct sl_ref name;
	struct sl_ip ip; /* the any address: every address of the box (node port) */
	uint16_t port;
	uint8_t proto;
	uint8_t kind;	   /* enum sl_service_kind */
	uint32_t listener; /* row, or SL_SNAP_NONE */
	uint32_t cluster;  /* row, or SL_SNAP_NONE; both none: refused */
	uint32_t pad;
	struct sl_slot slot;
};

enum sl_snap_tab {
	SL_SNAP_LISTENERS,
	SL_SNAP_TABLES,
	SL_SNAP_DOMAINS,
	SL_SNAP_VHOSTS,
	SL_SNAP_NAMES, /* struct sl_ref */
	SL_SNAP_ROUTES,
	SL_SNAP_WEIGHTS,
	SL_SNAP_CLUSTERS,
	SL_SNAP_ENDPOINTS,
	SL_SNAP_SERVICES,
	SL_SNAP_SERVICE_INDEX, /* uint32_t hash buckets of service rows, power of two, open address */
	SL_SNAP_BLOBS,	       /* bytes */
	SL_SNAP_STRINGS,       /* bytes */
	SL_SNAP_TABS
};

/** Segment header, at offset 0. */
struct sl_snap {
	uint64_t magic;
	uint32_t version;
	uint32_t layout; /* hash over the sizes of every row struct */
	uint64_t epoch;
	uint64_t size; /* of the whole segment in bytes */
	uint64_t built_wall_us;
	uint32_t crc; /* CRC-32C of everything behind this header */
	uint32_t pad;
	struct {
		uint64_t off;
		uint32_t n;    /* rows */
		uint32_t size; /* bytes a row */
	} tab[SL_SNAP_TABS];
};

#define SL_SNAP_ROWS(fn, type, which)                                                              \
	static inline const struct type *fn(const struct sl_snap *s, uint32_t row)                 \
	{                                                                                          \
		return (const struct type *)((const char *)s + s->tab[which].off) + row;           \
	}
SL_SNAP_ROWS(sl_snap_listener, sl_snap_listener, SL_SNAP_LISTENERS)
SL_SNAP_ROWS(sl_snap_table, sl_snap_table, SL_SNAP_TABLES)
SL_SNAP_ROWS(sl_snap_domain, sl_snap_domain, SL_SNAP_DOMAINS)
SL_SNAP_ROWS(sl_snap_vhost, sl_snap_vhost, SL_SNAP_VHOSTS)
SL_SNAP_ROWS(sl_snap_name, sl_ref, SL_SNAP_NAMES)
SL_SNAP_ROWS(sl_snap_route, sl_snap_route, SL_SNAP_ROUTES)
SL_SNAP_ROWS(sl_snap_weight, sl_snap_weight, SL_SNAP_WEIGHTS)
SL_SNAP_ROWS(sl_snap_cluster, sl_snap_cluster, SL_SNAP_CLUSTERS)
SL_SNAP_ROWS(sl_snap_endpoint, sl_snap_endpoint, SL_SNAP_ENDPOINTS)
SL_SNAP_ROWS(sl_snap_service, sl_snap_service, SL_SNAP_SERVICES)

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
 * @param size Bytes mapped.
 * @return 0; -EPROTO (other layout) or -EBADMSG (damaged), with a text. Any thread.
 */
int sl_snap_check(const struct sl_snap *snap, size_t size, struct sl_err *err);

/**
 * The service a packet is for.
 *
 * @param any_ip Look for a node port (an address of the box) instead of this ip.
 * @return Row of services, or SL_SNAP_NONE. Worker-safe: no allocation, no system call.
 */
uint32_t sl_snap_service_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port,
			      uint8_t proto);

/** Listener that is bound to ip:port, or to any address and that port; row or SL_SNAP_NONE. */
uint32_t sl_snap_listener_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port);

/* Outcome of routing one request. */
struct sl_route_hit {
	uint32_t domain; /* rows, or SL_SNAP_NONE */
	uint32_t vhost;
	uint32_t route;
};

struct sl_match_scratch; /* lib/match: one per lcore */

/**
 * Routes one request: Host to virtual host, then the first route in list order that matches.
 * The worker and `sluicectl explain` both call this.
 *
 * @param table Row of the listener's table.
 * @param host Host as sent, port included; case does not matter.
 * @param path Path without the query.
 * @return 0; -ENOENT when no virtual host (hit->vhost none) or no route (hit->route none) matches.
 *         Worker-safe.
 */
int sl_snap_route_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
		       struct sl_str host, struct sl_str path, struct sl_route_hit *hit);

/**
 * The path that goes upstream for a route hit.
 *
 * @param target Path and query of the request.
 * @param out Buffer of cap bytes.
 * @return Bytes written, or -ENOSPC when the result does not fit. Worker-safe.
 */
int sl_snap_rewrite(const struct sl_snap *snap, uint32_t route, struct sl_str target, char *out,
		    size_t cap);

#endif
