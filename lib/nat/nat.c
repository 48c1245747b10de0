/* SPDX-License-Identifier: BSD-3-Clause */
/* L4 services of one worker: creation, sessions of a former run, aging, new configurations. */
#include <errno.h>
#include <stdlib.h>

#include "nat_int.h"

#define ROWS_MAGIC UINT64_C(0x5354414e45434c53) /* "SLCENATS" */
#define TIMERS_MAX 64                           /* rows a call of sl_nat_timers looks at */

/* In front of the rows: what they are, so that another program's are not taken for ours. */
struct rows_header {
	uint64_t magic;
	uint32_t layout, row_size, rows_max;
	uint16_t index, workers;
	uint64_t pad[5];
};
_Static_assert(sizeof(struct rows_header) == 64, "layout of the flows segment");

size_t sl_nat_rows_size(uint32_t rows_max)
{
	return sizeof(struct rows_header) + (size_t)rows_max * sizeof(struct sl_nat_session);
}

/* Seconds the kernel's conntrack gives each state. */
static void set_timeouts(struct sl_nat *nat, const struct sl_nat_config *cfg)
{
	static const uint32_t s[SL_NAT_STATES] = {
		[SL_NAT_SYN_SENT] = 120, [SL_NAT_SYN_RECV] = 60,   [SL_NAT_ESTABLISHED] = 432000,
		[SL_NAT_FIN] = 120,      [SL_NAT_TIME_WAIT] = 120, [SL_NAT_CLOSE] = 10,
		[SL_NAT_UDP] = 30,       [SL_NAT_UDP_STREAM] = 120};
	const uint32_t ms[SL_NAT_STATES] = {[SL_NAT_SYN_SENT] = cfg->tcp_syn_ms,
					    [SL_NAT_SYN_RECV] = cfg->tcp_syn_ms,
					    [SL_NAT_ESTABLISHED] = cfg->tcp_established_ms,
					    [SL_NAT_FIN] = cfg->tcp_fin_ms,
					    [SL_NAT_TIME_WAIT] = cfg->tcp_time_wait_ms,
					    [SL_NAT_UDP] = cfg->udp_ms,
					    [SL_NAT_UDP_STREAM] = cfg->udp_stream_ms};

	for (int i = 0; i < SL_NAT_STATES; i++)
		nat->timeout_us[i] = ms[i] ? ms[i] * UINT64_C(1000) : s[i] * UINT64_C(1000000);
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

/* Whether a row that lies in the segment is a whole session of this worker, still alive. */
static bool usable(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	bool udp = s->state == SL_NAT_UDP || s->state == SL_NAT_UDP_STREAM;

	return s->check == nat_check(s) && s->state > SL_NAT_FREE && s->state < SL_NAT_STATES &&
	       s->proto == (udp ? IPPROTO_UDP : IPPROTO_TCP) && s->fins <= 3 &&
	       s->expires_us > nat->lc->now_us && port_is_mine(nat, s);
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
			nat->restored.sessions++;
			return;
		}
		nat->restored.torn++;
		s->check = 0;
	}
	nat_free_row(nat, row);
}

static void restore(struct sl_nat *nat, struct rows_header *h)
{
	const struct rows_header want = {.magic = ROWS_MAGIC,
					 .layout = SL_NAT_LAYOUT,
					 .row_size = sizeof(struct sl_nat_session),
					 .rows_max = nat->rows,
					 .index = nat->lc->index,
					 .workers = nat->lc->workers};

	if (memcmp(h, &want, sizeof(want)) != 0) {
		nat->restored.cleared = h->magic != 0;
		memset(h, 0, sl_nat_rows_size(nat->rows));
		*h = want;
	}
	/* Backwards, so that the lowest rows are given out first. */
	for (uint32_t row = nat->rows; row-- > 0;)
		restore_row(nat, row);
	nat->uncounted = nat->restored.sessions > 0;
}

static int allocate(struct sl_nat *nat)
{
	nat->index = sl_flow_create(nat->rows * 2);
	nat->wheel = sl_wheel_create(nat->rows, nat->lc->now_us);
	nat->link = calloc(nat->rows, sizeof(*nat->link));
	return nat->index && nat->wheel && nat->link ? 0 : -ENOMEM;
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
	nat->rows = rows;
	nat->row = (void *)((struct rows_header *)cfg->rows + 1);
	nat->free_first = nat->embryo_first = nat->embryo_last = NAT_NONE;
	/* Not where a former run began: its last ports may still be known to endpoints. */
	nat->port_next = sl_balance_rnd(&lc->rnd);
	set_timeouts(nat, cfg);
	if (allocate(nat) < 0) {
		sl_nat_free(nat);
		return sl_err(err, ENOMEM, "no memory for %u L4 sessions", rows);
	}
	restore(nat, cfg->rows);
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
	free(nat);
}

struct sl_nat_restored sl_nat_restored(const struct sl_nat *nat)
{
	return nat->restored;
}

void sl_nat_timers(struct sl_nat *nat)
{
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

void sl_nat_epoch(struct sl_nat *nat)
{
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

const char *sl_nat_state_name(uint8_t state)
{
	static const char *const names[SL_NAT_STATES] = {"FREE",        "SYN_SENT",  "SYN_RECV",
							 "ESTABLISHED", "FIN_WAIT",  "TIME_WAIT",
							 "CLOSE",       "UNREPLIED", "STREAM"};

	return state < SL_NAT_STATES ? names[state] : "?";
}
