/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks clusters, endpoints, levels and rings of a mapped snapshot. */
#include "snap.h"

static bool numbers_ok(const struct sl_snap_cluster *c)
{
	const struct sl_snap_probe *p = &c->probe;

	if (c->lb > SL_LB_MAGLEV || c->panic_percent > 100 || c->proxy_protocol > 2 ||
	    c->hash.on > SL_HASH_QUERY || p->kind > SL_PROBE_TCP)
		return false;
	if (p->kind && (!p->interval_ms || !p->timeout_ms || !p->healthy || !p->unhealthy))
		return false;
	if (c->warmup_ms && !(c->warmup_min >= 1 && c->warmup_min <= 100 &&
			      c->warmup_power > 0.0F && c->warmup_power <= 1000.0F))
		return false;
	return !c->outlier.on || (c->outlier.interval_ms && c->outlier.base_ejection_ms);
}

static bool refs_ok(const struct sl_snap *s, const struct sl_snap_cluster *c)
{
	const struct sl_ref refs[] = {
		c->name,      c->fqdn,      c->subset,           c->type,
		c->dest_rule, c->hash.name, c->hash.cookie_path, c->probe.path,
		c->probe.host};

	for (size_t i = 0; i < SL_ARRAY_LEN(refs); i++)
		if (!snap_ref_ok(s, refs[i]))
			return false;
	return true;
}

/*
 * Levels cut the healthy endpoints into consecutive spans. The spans of all clusters follow one
 * another: overlapping ones would make this check take for ever.
 */
static bool levels_ok(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(s, row);
	uint32_t first = row ? c[-1].levels.first + c[-1].levels.n : 0, at = c->healthy.first;
	bool hashes = c->lb == SL_LB_RING_HASH || c->lb == SL_LB_MAGLEV;

	if (c->levels.first != first || c->levels.n > SL_MODEL_PRIORITIES_MAX ||
	    !snap_span_ok(s, c->levels, SL_SNAP_LEVELS))
		return false;
	for (uint32_t i = 0; i < c->levels.n; i++) {
		const struct sl_snap_level *l = sl_snap_level(s, c->levels.first + i);

		if (l->endpoints.first != at || l->endpoints.n == 0 ||
		    l->endpoints.n > c->healthy.first + c->healthy.n - at)
			return false;
		at += l->endpoints.n;
		if (hashes != (l->ring != SL_SNAP_NONE) ||
		    (hashes && (sl_snap_ring(s, l->ring)->n != l->endpoints.n ||
				sl_snap_ring(s, l->ring)->maglev != (c->lb == SL_LB_MAGLEV))))
			return false;
	}
	return at == c->healthy.first + c->healthy.n;
}

static bool endpoints_ok(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(s, row);

	if (!snap_span_ok(s, c->endpoints, SL_SNAP_ENDPOINTS) ||
	    c->healthy.first != c->endpoints.first || c->healthy.n > c->endpoints.n)
		return false;
	for (uint32_t i = 0; i < c->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(s, c->endpoints.first + i);

		if (e->cluster != row || (e->health == SL_HEALTHY) != (i < c->healthy.n))
			return false;
	}
	return true;
}

bool snap_check_cluster(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(s, row);

	return refs_ok(s, c) && numbers_ok(c) && snap_slot_ok(s, &c->slot) &&
	       endpoints_ok(s, row) && levels_ok(s, row);
}

bool snap_check_endpoint(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_endpoint *e = sl_snap_endpoint(s, row);

	return e->health <= SL_DRAINING && e->cluster < s->tab[SL_SNAP_CLUSTERS].n &&
	       e->weight > 0 && e->weight <= SL_MODEL_WEIGHT_MAX && snap_ref_ok(s, e->locality) &&
	       snap_ref_ok(s, e->slot_name) && snap_slot_ok(s, &e->slot);
}

bool snap_check_level(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_level *l = sl_snap_level(s, row);
	uint64_t sum = 0;

	if (!snap_span_ok(s, l->endpoints, SL_SNAP_ENDPOINTS) || l->endpoints.n == 0 ||
	    (l->ring != SL_SNAP_NONE && l->ring >= s->tab[SL_SNAP_RINGS].n) ||
	    (row && l->endpoints.first < l[-1].endpoints.first + l[-1].endpoints.n))
		return false;
	for (uint32_t i = 0; i < l->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(s, l->endpoints.first + i);

		sum += e->weight;
		if (e->upto != (uint32_t)SL_MIN(sum, UINT32_MAX))
			return false;
	}
	return sum > 0 && sum == l->weight_sum;
}

bool snap_check_ring(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_ring *r = sl_snap_ring(s, row);
	uint32_t first = 0;

	/* Each entry is looked at once: rings of a kind follow one another. */
	for (uint32_t i = row; i-- > 0 && first == 0;)
		if (sl_snap_ring(s, i)->maglev == r->maglev)
			first = sl_snap_ring(s, i)->span.first + sl_snap_ring(s, i)->span.n;
	if (r->maglev > 1 || r->n == 0 || r->span.first != first ||
	    !snap_span_ok(s, r->span, r->maglev ? SL_SNAP_MAGLEV : SL_SNAP_POINTS) ||
	    (r->maglev ? r->span.n != SL_MAGLEV_SIZE : r->span.n == 0))
		return false;
	for (uint32_t i = 0; i < r->span.n; i++) {
		uint32_t to = r->maglev ? *sl_snap_maglev(s, r->span.first + i)
					: sl_snap_point(s, r->span.first + i)->index;

		if (to >= r->n)
			return false;
	}
	return true;
}
