/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may open what: access list, sessions and new sessions of a client, sessions of a service. */
#include <errno.h>
#include <stdlib.h>

#include "nat_int.h"

#define EVICT_TRIES 16u
#define PKT_UNIT    16u /* parts of a microsecond in which packet rates are counted */

struct nat_guard {
	struct sl_nat_guard cfg; /* limits: this worker's share */
	struct sl_nat_rule rule[SL_NAT_RULES_MAX];
	struct sl_flow_client *client; /* [clients_max], in the segment; NULL: none is counted */
	struct sl_flow_index *index;
	uint32_t used, hand; /* rows ever used; where the search for one to give up goes on */
};

static uint32_t share(const struct sl_nat *nat, uint32_t limit)
{
	return (limit + nat->lc->workers - 1) / nat->lc->workers;
}

int nat_guard_create(struct sl_nat *nat, const struct sl_nat_guard *cfg, struct sl_err *err)
{
	struct nat_guard *g;

	if (cfg->n_rules > SL_NAT_RULES_MAX || (cfg->clients_max & (cfg->clients_max - 1)))
		return sl_err(err, EINVAL,
			      "%u rules and %u clients: write at most %d, and a power "
			      "of two",
			      cfg->n_rules, cfg->clients_max, SL_NAT_RULES_MAX);
	g = calloc(1, sizeof(*g));
	nat->guard = g;
	if (!g)
		return sl_err(err, ENOMEM, "no memory for limits of clients");
	g->cfg = *cfg;
	g->cfg.client_sessions = share(nat, cfg->client_sessions);
	g->cfg.client_new_per_s = share(nat, cfg->client_new_per_s);
	g->cfg.client_pkts_per_s = share(nat, cfg->client_pkts_per_s);
	g->cfg.service_sessions = share(nat, cfg->service_sessions);
	for (uint16_t i = 0; i < cfg->n_rules; i++)
		g->rule[i] = cfg->rule[i];
	if (cfg->clients_max == 0)
		return 0;
	g->client = (void *)(nat->row + nat->rows);
	memset(g->client, 0, cfg->clients_max * sizeof(*g->client));
	g->index = sl_flow_create(cfg->clients_max);
	return g->index ? 0 : sl_err(err, ENOMEM, "no memory for limits of clients");
}

void nat_guard_free(struct nat_guard *g)
{
	if (!g)
		return;
	sl_flow_free(g->index);
	free(g);
}

static bool refused_by_list(const struct nat_guard *g, const struct sl_tuple *t)
{
	for (uint16_t i = 0; i < g->cfg.n_rules; i++) {
		const struct sl_nat_rule *r = &g->rule[i];

		if ((r->proto == 0 || r->proto == t->proto) && r->port_first <= t->dport &&
		    t->dport <= r->port_last && sl_prefix_contains(&r->from, &t->src) &&
		    sl_prefix_contains(&r->to, &t->dst))
			return !r->allow;
	}
	return false;
}

/* ---- clients ---- */

/* An IPv6 host has a whole /64 to come from. */
static struct sl_ip counted_as(const struct sl_ip *ip)
{
	struct sl_ip k = *ip;

	if (!sl_ip_is_v4(ip))
		memset(k.b + 8, 0, 8);
	return k;
}

static bool same(const void *rows, uint32_t row, const void *key)
{
	return sl_ip_eq(&((const struct sl_flow_client *)rows)[row].ip, key);
}

static uint64_t hash_of(const struct sl_nat *nat, const struct sl_ip *ip)
{
	return sl_siphash(&nat->secret, ip->b, sizeof(ip->b));
}

static struct sl_flow_client *find(const struct sl_nat *nat, const struct sl_ip *ip, uint64_t hash)
{
	const struct nat_guard *g = nat->guard;
	uint32_t row = sl_flow_find(g->index, hash, same, g->client, ip);

	return row == SL_FLOW_NONE ? NULL : &g->client[row];
}

/* A row nobody has, or one of a client that has nothing and is not denied. */
static struct sl_flow_client *take_row(struct sl_nat *nat)
{
	struct nat_guard *g = nat->guard;

	if (g->used < g->cfg.clients_max)
		return &g->client[g->used++];
	for (uint32_t i = 0; i < EVICT_TRIES; i++) {
		struct sl_flow_client *c = &g->client[g->hand++ % g->cfg.clients_max];

		if (c->sessions || c->denied_us > nat->lc->now_us)
			continue;
		sl_flow_del(g->index, hash_of(nat, &c->ip), (uint32_t)(c - g->client));
		return c;
	}
	return NULL;
}

/* NULL: more clients than can be counted; this one is not. */
static struct sl_flow_client *client_of(struct sl_nat *nat, const struct sl_ip *ip)
{
	struct nat_guard *g = nat->guard;
	struct sl_ip key = counted_as(ip);
	uint64_t hash = hash_of(nat, &key);
	struct sl_flow_client *c = find(nat, &key, hash);

	if (c)
		return c;
	c = take_row(nat);
	if (!c)
		return NULL;
	*c = (struct sl_flow_client){
		.ip = key, .used = 1, .tokens_us = 1000000, .since_us = nat->lc->now_us};
	if (sl_flow_add(g->index, hash, (uint32_t)(c - g->client)))
		return c;
	c->used = 0;
	return NULL;
}

/* A bucket of one second: a new session costs 1/rate of it. */
static bool has_token(struct sl_nat *nat, struct sl_flow_client *c)
{
	uint64_t cost = 1000000 / nat->guard->cfg.client_new_per_s;
	uint64_t now = nat->lc->now_us;

	c->tokens_us = SL_MIN(c->tokens_us + (now - c->since_us), (uint64_t)1000000);
	c->since_us = now;
	if (c->tokens_us < cost)
		return false;
	c->tokens_us -= cost;
	return true;
}

static enum sl_drop violation(struct sl_nat *nat, struct sl_flow_client *c)
{
	const struct sl_nat_guard *cfg = &nat->guard->cfg;

	c->refused++;
	if (cfg->deny_ms && ++c->violations >= cfg->deny_after) {
		c->denied_us = nat->lc->now_us + cfg->deny_ms * UINT64_C(1000);
		c->violations = 0;
		nat->lc->stats.c->nat_denied++;
	}
	return SL_DROP_NAT_CLIENT_LIMIT;
}

static enum sl_drop client_asks(struct sl_nat *nat, const struct sl_ip *ip)
{
	const struct sl_nat_guard *cfg = &nat->guard->cfg;
	struct sl_flow_client *c = client_of(nat, ip);

	if (!c)
		return SL_DROP_COUNT;
	if (c->denied_us > nat->lc->now_us) {
		c->refused++;
		return SL_DROP_NAT_DENIED;
	}
	if ((cfg->client_sessions && c->sessions >= cfg->client_sessions) ||
	    (cfg->client_new_per_s && !has_token(nat, c)))
		return violation(nat, c);
	c->violations = 0;
	return SL_DROP_COUNT;
}

/*
 * A packet costs 1/rate of a second, and a second's worth may come at once (GCRA, ITU-T I.371).
 * What lies farther ahead than that was long ago.
 */
static bool is_in_rate(const struct sl_nat *nat, struct sl_flow_client *c)
{
	const uint32_t second = 1000000 * PKT_UNIT;
	uint32_t cost = second / nat->guard->cfg.client_pkts_per_s;
	uint32_t now = (uint32_t)(nat->lc->now_us * PKT_UNIT), ahead = c->pkts_at - now;

	if (ahead > second + cost)
		ahead = 0;
	if (ahead + cost > second)
		return false;
	c->pkts_at = now + ahead + cost;
	return true;
}

enum sl_drop nat_guard_packet(struct sl_nat *nat, const struct sl_ip *client)
{
	struct sl_flow_client *c;

	if (!nat->guard || !nat->guard->client || !nat->guard->cfg.client_pkts_per_s)
		return SL_DROP_COUNT;
	c = client_of(nat, client);
	if (!c || is_in_rate(nat, c))
		return SL_DROP_COUNT;
	violation(nat, c);
	return SL_DROP_NAT_CLIENT_RATE;
}

enum sl_drop nat_guard_asks(struct sl_nat *nat, const struct sl_tuple *t,
			    const struct sl_snap_service *v, bool session)
{
	const struct nat_guard *g = nat->guard;

	if (refused_by_list(g, t))
		return SL_DROP_ACL;
	if (session && g->cfg.service_sessions &&
	    nat_service_stats(nat, v->slot.index, (uint32_t)v->slot.born)->sessions >=
		    g->cfg.service_sessions)
		return SL_DROP_NAT_SERVICE_LIMIT;
	return g->client ? client_asks(nat, &t->src) : SL_DROP_COUNT;
}

void nat_guard_count(struct sl_nat *nat, const struct sl_ip *client, int by)
{
	struct sl_flow_client *c;
	struct sl_ip key;

	if (!nat->guard || !nat->guard->client)
		return;
	key = counted_as(client);
	c = by > 0 ? client_of(nat, client) : find(nat, &key, hash_of(nat, &key));
	/* One that could not be counted when its session began may be known by now. */
	if (c && (by > 0 || c->sessions))
		c->sessions += (uint32_t)by;
}
