/* SPDX-License-Identifier: BSD-3-Clause */
/* L4 services of one worker: creation, sessions of a former run, aging, new configurations. */
#include <errno.h>
#include <stdlib.h>

#include "nat_int.h"

#define TIMERS_MAX 64 /* rows a call of sl_nat_timers looks at */
#define FLOOD_US   3000000u
#define KILL_ROWS  1024 /* rows a call of sl_nat_orders looks at */

/* Seconds the kernel's conntrack gives each state. */
static void set_timeouts(struct sl_nat *nat, const struct sl_nat_config *cfg)
{
	static const uint32_t s[SL_NAT_STATES] = {
		[SL_NAT_SYN_SENT] = 120, [SL_NAT_SYN_RECV] = 60,    [SL_NAT_ESTABLISHED] = 432000,
		[SL_NAT_FIN] = 120,      [SL_NAT_TIME_WAIT] = 120,  [SL_NAT_CLOSE] = 10,
		[SL_NAT_UDP] = 30,       [SL_NAT_UDP_STREAM] = 120, [SL_NAT_ICMP] = 30};

	for (int i = 0; i < SL_NAT_STATES; i++)
		nat->timeout_us[i] = cfg->timeout_ms[i] ? cfg->timeout_ms[i] * UINT64_C(1000)
							: s[i] * UINT64_C(1000000);
}

/* Whether answers to a session's port come to this worker. */
static bool port_is_mine(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	struct sl_tuple back = nat_tuple(s, NAT_REPLY);

	if (s->kept)
		return nat_is_mine(nat, &back);
	return s->oport >= SL_NAT_PORT_FIRST && s->oport < SL_NAT_PORT_FIRST + SL_NAT_PORTS &&
	       s->oport % nat->lc->workers == nat->lc->index;
}

/* Whether the state is one of its protocol. */
static bool has_state(const struct sl_nat_session *s)
{
	if (s->state == SL_NAT_ICMP)
		return nat_is_icmp(s->proto);
	if (s->state == SL_NAT_UDP || s->state == SL_NAT_UDP_STREAM)
		return s->proto == IPPROTO_UDP;
	return s->proto == IPPROTO_TCP;
}

/* Whether a row that lies in the segment is a whole session of this worker, still alive. */
static bool usable(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	return s->check == sl_nat_check(s) && s->state > SL_NAT_FREE && s->state < SL_NAT_STATES &&
	       has_state(s) && s->fins <= 7 && s->expires_us > nat->lc->now_us &&
	       port_is_mine(nat, s);
}

/* Two rows of one tuple cannot both be true. */
static bool known(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	struct sl_tuple fwd = nat_tuple(s, NAT_FORWARD), back = nat_tuple(s, NAT_REPLY);

	return nat_find(nat, &fwd, NAT_FORWARD, nat_hash(nat, &fwd)) != NAT_NONE ||
	       nat_find(nat, &back, NAT_REPLY, nat_hash(nat, &back)) != NAT_NONE;
}

static void restore_row(struct sl_nat *nat, uint32_t row)
{
	struct sl_nat_session *s = &nat->row[row];

	if (s->check) {
		/* A clock that began anew must not keep a session for ever. */
		uint64_t most = nat->lc->now_us +
				(s->state < SL_NAT_STATES ? nat->timeout_us[s->state] : 0);

		s->expires_us = SL_MIN(s->expires_us, most);
		if (usable(nat, s) && !known(nat, s) && nat_adopt(nat, row)) {
			s->health = UINT32_MAX; /* what was known then is not known any more */
			nat->restored.sessions++;
			return;
		}
		nat->restored.torn++;
		s->check = 0;
	}
	nat_free_row(nat, row);
}

static void restore(struct sl_nat *nat, uint32_t clients)
{
	struct sl_flows_hdr *h = nat->hdr;

	if (h->magic != SL_FLOWS_MAGIC || h->layout != SL_FLOWS_LAYOUT ||
	    h->row_size != sizeof(struct sl_nat_session) || h->rows_max != nat->rows ||
	    h->index != nat->lc->index || h->workers != nat->lc->workers ||
	    h->clients_max != clients) {
		nat->restored.cleared = h->magic != 0;
		memset(h, 0, sl_flows_size(nat->rows, clients));
		*h = (struct sl_flows_hdr){.layout = SL_FLOWS_LAYOUT,
					   .row_size = sizeof(struct sl_nat_session),
					   .rows_max = nat->rows,
					   .index = nat->lc->index,
					   .workers = nat->lc->workers,
					   .clients_max = clients};
		h->magic = SL_FLOWS_MAGIC;
	}
	/* Whoever asked the former run has given up by now. */
	h->kill_done = h->kill_asked;
	/* Backwards, so that the lowest rows are given out first. */
	for (uint32_t row = nat->rows; row-- > 0;)
		restore_row(nat, row);
	nat->uncounted = nat->restored.sessions > 0;
}

static int allocate(struct sl_nat *nat, const struct sl_nat_config *cfg)
{
	nat->index = sl_flow_create(nat->rows * 2);
	nat->wheel = sl_wheel_create(nat->rows, nat->lc->now_us);
	nat->link = calloc(nat->rows, sizeof(*nat->link));
	nat->rest = nat_rest_create();
	nat->ports = nat_ports_create(nat);
	nat->clusters = nat->lc->stats.slots[SL_STATS_CLUSTER];
	nat->lb = calloc(SL_MAX(nat->clusters, 1), sizeof(*nat->lb));
	nat->egress = calloc(SL_MAX(cfg->n_egress, 1), sizeof(*nat->egress));
	if (!nat->index || !nat->wheel || !nat->link || !nat->rest || !nat->ports || !nat->lb ||
	    !nat->egress)
		return -ENOMEM;
	for (uint16_t i = 0; i < cfg->n_egress; i++)
		nat->egress[i] = cfg->egress[i];
	return 0;
}

static bool needs_guard(const struct sl_nat_guard *g)
{
	return g->n_rules || g->client_sessions || g->client_new_per_s || g->client_pkts_per_s ||
	       g->service_sessions;
}

int sl_nat_create(struct sl_nat **out, struct sl_lcore *lc, struct sl_net *net,
		  struct sl_net_lcore *nl, const struct sl_nat_config *cfg, struct sl_err *err)
{
	uint32_t rows = cfg->rows_max;
	struct sl_nat *nat;

	*out = NULL;
	if (rows == 0 || (rows & (rows - 1)) || rows > UINT32_MAX / 4 || !cfg->rows ||
	    (uintptr_t)cfg->rows % 8)
		return sl_err(err, EINVAL,
			      "%u L4 sessions: write a power of two, and give them aligned memory",
			      rows);
	nat = calloc(1, sizeof(*nat));
	if (!nat)
		return sl_err(err, ENOMEM, "no memory for L4 sessions");
	nat->lc = lc;
	nat->net = net;
	nat->nl = nl;
	nat->secret = cfg->secret;
	nat->affinity = cfg->affinity;
	nat->turn = sl_balance_rnd(&lc->rnd);
	memcpy(nat->snat, cfg->snat, sizeof(nat->snat));
	nat->n_snat = cfg->n_snat;
	nat->rows = rows;
	nat->hdr = cfg->rows;
	nat->row = (void *)(nat->hdr + 1);
	nat->free_first = nat->embryo_first = nat->embryo_last = NAT_NONE;
	/* Not where a former run began: its last ports may still be known to endpoints. */
	nat->port_next = sl_balance_rnd(&lc->rnd);
	nat->n_egress = cfg->n_egress;
	set_timeouts(nat, cfg);
	if (allocate(nat, cfg) < 0) {
		sl_nat_free(nat);
		return sl_err(err, ENOMEM, "no memory for %u L4 sessions", rows);
	}
	if (needs_guard(&cfg->guard) && nat_guard_create(nat, &cfg->guard, err) < 0) {
		sl_nat_free(nat);
		return -EINVAL;
	}
	restore(nat, cfg->guard.clients_max);
	*out = nat;
	return 0;
}

void sl_nat_free(struct sl_nat *nat)
{
	if (!nat)
		return;
	sl_flow_free(nat->index);
	sl_wheel_free(nat->wheel);
	free(nat->link);
	free(nat->egress);
	free(nat->lb);
	nat_rest_free(nat->rest);
	nat_ports_free(nat->ports);
	nat_guard_free(nat->guard);
	free(nat);
}

struct sl_nat_restored sl_nat_restored(const struct sl_nat *nat)
{
	return nat->restored;
}

/* A flood: unanswered sessions beyond a quarter of the table get seconds, not minutes. */
static void flood(struct sl_nat *nat)
{
	for (int i = 0; i < TIMERS_MAX && nat->embryos > nat->rows / 4; i++) {
		if (nat->lc->now_us - nat->row[nat->embryo_first].created_us < FLOOD_US)
			return;
		nat_evict(nat);
	}
}

void sl_nat_timers(struct sl_nat *nat)
{
	flood(nat);
	for (int i = 0; i < TIMERS_MAX; i++) {
		uint32_t row = sl_wheel_expired(nat->wheel, nat->lc->now_us);

		if (row == UINT32_MAX)
			return;
		if (nat->row[row].expires_us > nat->lc->now_us)
			sl_wheel_set(nat->wheel, row, nat->row[row].expires_us);
		else
			nat_end(nat, row);
	}
}

bool sl_nat_orders(struct sl_nat *nat)
{
	struct sl_flows_hdr *h = nat->hdr;
	uint64_t asked = __atomic_load_n(&h->kill_asked, __ATOMIC_ACQUIRE);

	if (asked == h->kill_done)
		return false;
	if (asked != nat->killing) {
		nat->killing = asked;
		nat->kill = h->kill;
		nat->kill_row = 0;
		h->killed = 0;
	}
	for (uint32_t i = 0; i < KILL_ROWS && nat->kill_row < nat->rows; i++, nat->kill_row++)
		if (nat->row[nat->kill_row].check &&
		    sl_session_matches(&nat->kill, &nat->row[nat->kill_row])) {
			nat_end(nat, nat->kill_row);
			h->killed++;
		}
	if (nat->kill_row < nat->rows)
		return true;
	__atomic_store_n(&h->kill_done, asked, __ATOMIC_RELEASE);
	return false;
}

uint64_t sl_nat_next(const struct sl_nat *nat)
{
	return sl_wheel_next(nat->wheel);
}

static bool has_high_services(const struct sl_snap *snap)
{
	for (uint32_t i = 0; i < sl_snap_count(snap, SL_SNAP_SERVICES); i++)
		if (sl_port_is_ours(sl_snap_service(snap, i)->port_last))
			return true;
	for (uint32_t i = 0; i < sl_snap_count(snap, SL_SNAP_LISTENERS); i++)
		if (sl_port_is_ours(sl_snap_listener(snap, i)->port))
			return true;
	return false;
}

/* Node ports stand there under the any address, whatever their family. */
static void set_heard(struct sl_nat *nat)
{
	static const struct sl_ip any;
	const struct sl_snap *snap = nat->lc->snap;

	memset(nat->heard, 0, sizeof(nat->heard));
	for (uint32_t i = 0; snap && i < sl_snap_count(snap, SL_SNAP_SERVICES); i++) {
		const struct sl_snap_service *v = sl_snap_service(snap, i);
		uint32_t bit = nat_heard_bit(sl_ip_is_any(&v->ip) ? &any : &v->ip, v->port);

		if (v->listener != SL_SNAP_NONE)
			nat->heard[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
}

void sl_nat_epoch(struct sl_nat *nat)
{
	set_heard(nat);
	nat->high_services = nat->lc->snap && has_high_services(nat->lc->snap);
	nat->direct = nat->lc->snap && sl_snap_count(nat->lc->snap, SL_SNAP_DIRECT) > 0;
	/* Sessions look at the new configuration one by one, each at its next packet. */
	if (!nat->uncounted)
		return;
	nat->uncounted = false;
	for (uint32_t row = 0; row < nat->rows; row++)
		if (nat->row[row].check)
			nat_count_in(nat, &nat->row[row]);
}

uint32_t sl_nat_count(const struct sl_nat *nat)
{
	return nat->count;
}

const struct sl_nat_session *sl_nat_at(const struct sl_nat *nat, uint32_t *row)
{
	while (*row < nat->rows) {
		const struct sl_nat_session *s = &nat->row[(*row)++];

		if (s->check)
			return s;
	}
	return NULL;
}
