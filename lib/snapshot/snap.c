/* SPDX-License-Identifier: BSD-3-Clause */
/* Layout of a snapshot, and its finders for services, listeners and statistics slots. */
#include <errno.h>

#include "snap.h"

const uint32_t snap_row_size[SL_SNAP_TABS] = {
	[SL_SNAP_LISTENERS] = sizeof(struct sl_snap_listener),
	[SL_SNAP_TABLES] = sizeof(struct sl_snap_table),
	[SL_SNAP_DOMAINS] = sizeof(struct sl_snap_domain),
	[SL_SNAP_VHOSTS] = sizeof(struct sl_snap_vhost),
	[SL_SNAP_NAMES] = sizeof(struct sl_ref),
	[SL_SNAP_ROUTES] = sizeof(struct sl_snap_route),
	[SL_SNAP_CONDS] = sizeof(struct sl_snap_cond),
	[SL_SNAP_CHANGES] = sizeof(struct sl_snap_change),
	[SL_SNAP_CORS] = sizeof(struct sl_snap_cors),
	[SL_SNAP_ORIGINS] = sizeof(struct sl_snap_cond),
	[SL_SNAP_WEIGHTS] = sizeof(struct sl_snap_weight),
	[SL_SNAP_MIRRORS] = sizeof(struct sl_snap_mirror),
	[SL_SNAP_CLUSTERS] = sizeof(struct sl_snap_cluster),
	[SL_SNAP_ENDPOINTS] = sizeof(struct sl_snap_endpoint),
	[SL_SNAP_LEVELS] = sizeof(struct sl_snap_level),
	[SL_SNAP_RINGS] = sizeof(struct sl_snap_ring),
	[SL_SNAP_POINTS] = sizeof(struct sl_balance_point),
	[SL_SNAP_MAGLEV] = sizeof(uint16_t),
	[SL_SNAP_SERVICES] = sizeof(struct sl_snap_service),
	[SL_SNAP_SERVICE_INDEX] = sizeof(uint32_t),
	[SL_SNAP_DIRECT] = sizeof(struct sl_snap_direct),
	[SL_SNAP_PREFIXES] = sizeof(struct sl_prefix),
	[SL_SNAP_HOST_INDEX] = sizeof(uint32_t),
	[SL_SNAP_BLOBS] = 1,
	[SL_SNAP_STRINGS] = 1,
};

const enum sl_snap_tab snap_order[SL_SNAP_TABS] = {
	SL_SNAP_LISTENERS,  SL_SNAP_TABLES,   SL_SNAP_DOMAINS,       SL_SNAP_VHOSTS,
	SL_SNAP_NAMES,      SL_SNAP_ROUTES,   SL_SNAP_CONDS,         SL_SNAP_CHANGES,
	SL_SNAP_CORS,       SL_SNAP_ORIGINS,  SL_SNAP_WEIGHTS,       SL_SNAP_MIRRORS,
	SL_SNAP_HOST_INDEX, SL_SNAP_BLOBS,    SL_SNAP_STRINGS,       SL_SNAP_POINTS,
	SL_SNAP_MAGLEV,     SL_SNAP_RINGS,    SL_SNAP_LEVELS,        SL_SNAP_CLUSTERS,
	SL_SNAP_ENDPOINTS,  SL_SNAP_SERVICES, SL_SNAP_SERVICE_INDEX, SL_SNAP_DIRECT,
	SL_SNAP_PREFIXES,
};

_Static_assert(sizeof(struct sl_snap) == 64 + 16 * SL_SNAP_TABS, "shared layout");
_Static_assert(sizeof(struct sl_snap) <= SL_SNAP_PAGE, "the header has a page of its own");
_Static_assert(sizeof(struct sl_snap_listener) == 192, "shared layout");
_Static_assert(sizeof(struct sl_snap_table) == 48, "shared layout");
_Static_assert(sizeof(struct sl_snap_domain) == 16, "shared layout");
_Static_assert(sizeof(struct sl_snap_vhost) == 48, "shared layout");
_Static_assert(sizeof(struct sl_snap_route) == 208, "shared layout");
_Static_assert(sizeof(struct sl_snap_weight) == 24, "shared layout");
_Static_assert(sizeof(struct sl_snap_mirror) == 8, "shared layout");
_Static_assert(sizeof(struct sl_snap_change) == 24, "shared layout");
_Static_assert(sizeof(struct sl_snap_cors) == 48, "shared layout");
_Static_assert(sizeof(struct sl_snap_cond) == 40, "shared layout");
_Static_assert(sizeof(struct sl_snap_cluster) == 248, "shared layout");
_Static_assert(sizeof(struct sl_snap_endpoint) == 64, "shared layout");
_Static_assert(sizeof(struct sl_snap_level) == 24, "shared layout");
_Static_assert(sizeof(struct sl_snap_ring) == 24, "shared layout");
_Static_assert(sizeof(struct sl_balance_point) == 8, "shared layout");
_Static_assert(sizeof(struct sl_snap_service) == 80, "shared layout");
_Static_assert(sizeof(struct sl_prefix) == 17, "shared layout");
_Static_assert(sizeof(struct sl_snap_direct) == 20, "shared layout");

uint32_t snap_layout(void)
{
	const uint32_t header = sizeof(struct sl_snap);
	uint64_t h = sl_fnv1a(SL_SNAP_VERSION, snap_row_size, sizeof(snap_row_size));

	h = sl_fnv1a(h, &header, sizeof(header));
	return (uint32_t)(h ^ (h >> 32));
}

uint32_t snap_crc(const struct sl_snap *snap)
{
	const size_t behind = offsetof(struct sl_snap, crc) + sizeof(snap->crc);
	const char *p = (const char *)snap;
	uint32_t crc = sl_crc32c(0, p, offsetof(struct sl_snap, crc));

	crc = sl_crc32c(crc, p + behind, SL_SNAP_PAGE - behind);
	return sl_crc32c(crc, p + snap->routes_end, snap->size - snap->routes_end);
}

uint32_t snap_routes_crc(const struct sl_snap *snap)
{
	return sl_crc32c(0, (const char *)snap + SL_SNAP_PAGE, snap->routes_end - SL_SNAP_PAGE);
}

void sl_snap_seal(struct sl_snap *snap)
{
	snap->routes_crc = snap_routes_crc(snap);
	snap->crc = snap_crc(snap);
}

uint32_t sl_snap_service_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port,
			      uint8_t proto)
{
	const uint32_t *bucket = snap_service_index(snap);
	uint32_t mask = snap->tab[SL_SNAP_SERVICE_INDEX].n - 1;
	uint32_t at = snap_service_hash(ip, port, proto);

	/* At most half full, which sl_snap_check has seen: an empty bucket ends every probe. */
	for (at &= mask; bucket[at] != SL_SNAP_NONE; at = (at + 1) & mask) {
		const struct sl_snap_service *v = sl_snap_service(snap, bucket[at]);

		if (v->port <= port && port <= v->port_last && v->proto == proto &&
		    sl_ip_eq(&v->ip, ip))
			return bucket[at];
	}
	return SL_SNAP_NONE;
}

bool sl_snap_is_direct(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port,
		       uint8_t proto)
{
	uint32_t n = snap->tab[SL_SNAP_DIRECT].n, at = snap_service_hash(ip, port, proto);

	if (n == 0)
		return false;
	for (at &= n - 1;; at = (at + 1) & (n - 1)) {
		const struct sl_snap_direct *d = sl_snap_direct(snap, at);

		if (d->proto == 0)
			return false;
		if (d->port == port && d->proto == proto && sl_ip_eq(&d->ip, ip))
			return true;
	}
}

const struct sl_snap_route *sl_snap_relay_route(const struct sl_snap *snap,
						const struct sl_snap_listener *l)
{
	struct sl_span vhosts = sl_snap_table(snap, l->table)->vhosts, routes;

	if (vhosts.n == 0)
		return NULL;
	routes = sl_snap_vhost(snap, vhosts.first)->routes;
	return routes.n ? sl_snap_route(snap, routes.first) : NULL;
}

uint32_t sl_snap_listener_find(const struct sl_snap *snap, const struct sl_ip *ip, uint16_t port)
{
	uint32_t any = SL_SNAP_NONE;

	for (uint32_t i = 0; i < snap->tab[SL_SNAP_LISTENERS].n; i++) {
		const struct sl_snap_listener *l = sl_snap_listener(snap, i);

		if (l->port != port)
			continue;
		if (sl_ip_eq(&l->ip, ip))
			return i;
		if (any == SL_SNAP_NONE && sl_ip_is_any(&l->ip) &&
		    sl_ip_is_v4(&l->ip) == sl_ip_is_v4(ip))
			any = i;
	}
	return any;
}

enum sl_snap_tab sl_snap_slot_tab(enum sl_stats_class cls)
{
	static const enum sl_snap_tab tab[SL_STATS_CLASS_COUNT] = {
		[SL_STATS_LISTENER] = SL_SNAP_LISTENERS, [SL_STATS_ROUTE] = SL_SNAP_ROUTES,
		[SL_STATS_CLUSTER] = SL_SNAP_CLUSTERS,   [SL_STATS_ENDPOINT] = SL_SNAP_ENDPOINTS,
		[SL_STATS_SERVICE] = SL_SNAP_SERVICES,
	};

	return tab[cls];
}

const struct sl_slot *sl_snap_slot(const struct sl_snap *snap, enum sl_stats_class cls,
				   uint32_t row)
{
	switch (cls) {
	case SL_STATS_LISTENER:
		return &sl_snap_listener(snap, row)->slot;
	case SL_STATS_ROUTE:
		return &sl_snap_route(snap, row)->slot;
	case SL_STATS_CLUSTER:
		return &sl_snap_cluster(snap, row)->slot;
	case SL_STATS_ENDPOINT:
		return &sl_snap_endpoint(snap, row)->slot;
	case SL_STATS_SERVICE:
		return &sl_snap_service(snap, row)->slot;
	case SL_STATS_CLASS_COUNT:
		break;
	}
	return NULL;
}

struct sl_ref sl_snap_slot_name(const struct sl_snap *snap, enum sl_stats_class cls, uint32_t row)
{
	switch (cls) {
	case SL_STATS_LISTENER:
		return sl_snap_listener(snap, row)->name;
	case SL_STATS_ROUTE:
		return sl_snap_route(snap, row)->slot_name;
	case SL_STATS_CLUSTER:
		return sl_snap_cluster(snap, row)->name;
	case SL_STATS_ENDPOINT:
		return sl_snap_endpoint(snap, row)->slot_name;
	case SL_STATS_SERVICE:
		return sl_snap_service(snap, row)->slot_name;
	case SL_STATS_CLASS_COUNT:
		break;
	}
	return (struct sl_ref){0, 0};
}

bool sl_snap_slot_of_routes(enum sl_stats_class cls)
{
	return cls == SL_STATS_LISTENER || cls == SL_STATS_ROUTE;
}

int sl_snap_check_slots(const struct sl_snap *snap, const struct sl_snap *have,
			const uint32_t slots[SL_STATS_CLASS_COUNT], struct sl_err *err)
{
	bool same = sl_snap_same_routes(snap, have);

	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		uint32_t n = snap->tab[sl_snap_slot_tab(cls)].n;

		if (same && sl_snap_slot_of_routes(cls))
			continue;

		for (uint32_t i = 0; i < n; i++) {
			const struct sl_slot *slot = sl_snap_slot(snap, cls, i);

			if (slot->index >= slots[cls])
				return sl_err(err, ENOSPC,
					      "statistics slot %u of \"%.*s\", but there are %u",
					      slot->index,
					      SL_STR_ARG(sl_snap_str(
						      snap, sl_snap_slot_name(snap, cls, i))),
					      slots[cls]);
		}
	}
	return 0;
}
