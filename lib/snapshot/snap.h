/* SPDX-License-Identifier: BSD-3-Clause */
/* What the writer and the readers of a snapshot share beyond its layout. */
#ifndef SL_SNAP_PRIVATE_H
#define SL_SNAP_PRIVATE_H

#include "sl_snap.h"

/* Every table begins at a multiple of this: Hyperscan databases and cache lines want it. */
#define SNAP_ALIGN 64u

static inline uint64_t snap_align(uint64_t v)
{
	return (v + SNAP_ALIGN - 1) / SNAP_ALIGN * SNAP_ALIGN;
}

/**
 * The tables as they lie in a segment: first those that routes are made of, on pages of their own
 * with the strings they use; then the other strings, then the other tables.
 */
extern const enum sl_snap_tab snap_order[SL_SNAP_TABS];
#define SNAP_OF_ROUTES 14u /* so many of them, all before SL_SNAP_STRINGS */

static inline uint64_t snap_page(uint64_t v)
{
	return (v + SL_SNAP_PAGE - 1) / SL_SNAP_PAGE * SL_SNAP_PAGE;
}

/** What the checksums must be; size and routes_end are true. */
uint32_t snap_crc(const struct sl_snap *snap);
uint32_t snap_routes_crc(const struct sl_snap *snap);

/**
 * Memory for a snapshot of its own pages (region.c); freed by sl_snap_unload.
 *
 * @param size,routes_end As in its header.
 * @param have Whose routes it has from the beginning, read-only; NULL: all of it is to be written.
 * @return Page aligned, zeroed where it is not have's; NULL: no memory.
 */
struct sl_snap *snap_region(uint64_t size, uint64_t routes_end, const struct sl_snap *have);

/**
 * The check of a snapshot whose routes are pages of `have`, which was checked as a whole or in this
 * way (check.c).
 */
int snap_check_patch(const struct sl_snap *snap, size_t size, const struct sl_snap *have,
		     struct sl_err *err);

/** Whether magic, version and layout are ours: -EBADMSG or -EPROTO with a text (check.c). */
int snap_check_kind(const struct sl_snap *head, struct sl_err *err);

/** Bytes a row of each table, as this build has them. */
extern const uint32_t snap_row_size[SL_SNAP_TABS];

/** Hash over the sizes above and of the header. */
uint32_t snap_layout(void);

/* Checks that the row checkers share (check.c). */
bool snap_span_ok(const struct sl_snap *s, struct sl_span span, enum sl_snap_tab tab);
bool snap_ref_ok(const struct sl_snap *s, struct sl_ref ref);
/** The same, and within the strings of the routes. */
bool snap_route_ref_ok(const struct sl_snap *s, struct sl_ref ref);
bool snap_slot_ok(const struct sl_snap *s, const struct sl_slot *slot);

/* Row checkers of clusters (check_cluster.c): whether every number of the row is usable. */
bool snap_check_cluster(const struct sl_snap *s, uint32_t row);
bool snap_check_endpoint(const struct sl_snap *s, uint32_t row);
bool snap_check_level(const struct sl_snap *s, uint32_t row);
bool snap_check_ring(const struct sl_snap *s, uint32_t row);

/** Bucket hash of the service index. */
static inline uint32_t snap_service_hash(const struct sl_ip *ip, uint16_t port, uint8_t proto)
{
	uint64_t a, b;

	memcpy(&a, ip->b, 8);
	memcpy(&b, ip->b + 8, 8);
	a = (a ^ ((uint64_t)port << 8 | proto)) * UINT64_C(0x9e3779b97f4a7c15);
	b = (b ^ (a >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	b = (b ^ (b >> 32) ^ a) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(b >> 32);
}

static inline const uint32_t *snap_host_index(const struct sl_snap *s)
{
	return (const uint32_t *)((const char *)s + s->tab[SL_SNAP_HOST_INDEX].off);
}

struct sl_match_scratch;

/** First of a route's conditions that does not hold, or SL_SNAP_NONE (cond.c). Worker-safe. */
uint32_t snap_cond_failed(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			  const struct sl_snap_request *rq, const struct sl_snap_route *route);

/** Whether a text meets one condition's (cond.c). Worker-safe. */
bool snap_text_matches(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		       const struct sl_snap_cond *cond, struct sl_str text);

static inline const uint32_t *snap_service_index(const struct sl_snap *s)
{
	return (const uint32_t *)((const char *)s + s->tab[SL_SNAP_SERVICE_INDEX].off);
}

#endif
