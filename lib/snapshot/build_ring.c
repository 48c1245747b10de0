/* SPDX-License-Identifier: BSD-3-Clause */
/* Maglev tables and hash rings of a snapshot: made once for equal content, carried over. */
#include <stdlib.h>

#include "build.h"

#define RING_MIN 1024u    /* points at least, Envoy's default */
#define RING_MAX 1048576u /* more would not spread any better */

static void ring_members(struct builder *b, struct sl_span endpoints, struct sl_balance_member *v,
			 uint64_t *sum)
{
	*sum = 0;
	for (uint32_t i = 0; i < endpoints.n; i++) {
		const struct sl_snap_endpoint *e =
			BUILD_ROW(b, sl_snap_endpoint, SL_SNAP_ENDPOINTS, endpoints.first + i);
		char addr[SL_IP_PORT_TEXT_MAX];

		sl_ip_port_format(&e->ip, e->port, addr);
		v[i] = (struct sl_balance_member){
			.name = sl_fnv1a(0, addr, strlen(addr)), .weight = e->weight, .index = i};
		*sum += e->weight;
	}
}

/* Same key, same content: names, weights and their order, the kind and its size. */
static uint64_t ring_key(const struct sl_balance_member *v, uint32_t n, uint32_t least)
{
	uint64_t h = sl_fnv1a(least, &n, sizeof(n));

	for (uint32_t i = 0; i < n; i++) {
		const uint64_t one[2] = {v[i].name, v[i].weight};

		h = sl_fnv1a(h, one, sizeof(one));
	}
	return h;
}

static bool same(const struct sl_snap_ring *r, const struct sl_snap_ring *want)
{
	return r->key == want->key && r->n == want->n && r->maglev == want->maglev;
}

static void put(struct builder *b, struct sl_snap_ring *r, const void *from, uint32_t n)
{
	enum sl_snap_tab tab = r->maglev ? SL_SNAP_MAGLEV : SL_SNAP_POINTS;
	void *to;

	r->span = (struct sl_span){(uint32_t)b->tab[tab].n, n};
	to = build_rows(b, tab, n);
	if (to)
		memcpy(to, from, (size_t)n * snap_row_size[tab]);
}

static bool carry_over(struct builder *b, struct sl_snap_ring *r)
{
	const struct sl_snap *p = b->prev;

	for (uint32_t i = 0; p && i < p->tab[SL_SNAP_RINGS].n; i++) {
		const struct sl_snap_ring *was = sl_snap_ring(p, i);

		if (!same(was, r))
			continue;
		if (r->maglev)
			put(b, r, sl_snap_maglev(p, was->span.first), was->span.n);
		else
			put(b, r, sl_snap_point(p, was->span.first), was->span.n);
		return true;
	}
	return false;
}

static void make(struct builder *b, struct sl_snap_ring *r, struct sl_balance_member *v,
		 uint64_t sum, uint32_t least)
{
	uint32_t n = SL_MAGLEV_SIZE;
	void *p;

	if (!r->maglev) {
		n = 0;
		for (uint32_t i = 0; i < r->n; i++)
			n += sl_balance_ring_share(v[i].weight, sum, least);
	}
	p = calloc(n, r->maglev ? sizeof(uint16_t) : sizeof(struct sl_balance_point));
	if (!p) {
		b->no_memory = true;
		return;
	}
	if (r->maglev)
		sl_balance_maglev_fill(p, v, r->n);
	else
		sl_balance_ring_fill(p, v, r->n, sum, least);
	put(b, r, p, n);
	free(p);
}

uint32_t build_ring(struct builder *b, const struct sl_model_cluster *m, struct sl_span endpoints)
{
	struct sl_balance_member *v = calloc(endpoints.n + 1u, sizeof(*v));
	uint32_t least = SL_MIN(m->hash.ring_min ? m->hash.ring_min : RING_MIN, RING_MAX);
	struct sl_snap_ring ring = {.n = endpoints.n, .maglev = m->lb == SL_LB_MAGLEV}, *row;
	uint32_t at = 0, n = (uint32_t)b->tab[SL_SNAP_RINGS].n;
	uint64_t sum;

	if (!v) {
		b->no_memory = true;
		return SL_SNAP_NONE;
	}
	ring_members(b, endpoints, v, &sum);
	ring.key = ring_key(v, ring.n, ring.maglev ? 0 : least);
	while (at < n && !same(BUILD_ROW(b, sl_snap_ring, SL_SNAP_RINGS, at), &ring))
		at++;
	if (at == n) {
		if (!carry_over(b, &ring))
			make(b, &ring, v, sum, least);
		row = build_rows(b, SL_SNAP_RINGS, 1);
		if (row)
			*row = ring;
	}
	free(v);
	return at;
}
