/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients' connections in memory that outlives the process: written as they become idle, marked
 * busy by one store before anything of them changes, taken up again by the process that comes
 * after. What was busy then is reset: a segment with an old number makes its peer tell the numbers
 * it has (RFC 9293 3.10.7.4), and what it tells is answered as any segment without a connection is.
 */
#include "internal.h"
#include "sl_hash.h"

#define LOST_ROWS   256u /* places looked at in one round */
#define LOST_ASKED  32u  /* peers asked in one round, a millisecond apart */
#define LOST_PASSES 3u

/* When each pass begins, after the one before: neighbours have to be found first. */
static const uint16_t pass_ms[LOST_PASSES] = {200, 1000, 3000};

uint32_t sl_tcp_kept_check(const struct sl_tcp_kept *k)
{
	const size_t from = offsetof(struct sl_tcp_kept, local);

	return sl_crc32c(0, (const char *)k + from, sizeof(*k) - from);
}

static void set_mark(struct sl_tcp_kept *k, enum sl_tcp_kept_mark mark)
{
	__atomic_store_n(&k->mark, (uint32_t)mark, __ATOMIC_RELEASE);
}

void tcp_kept_init(struct sl_tcp *tcp)
{
	struct sl_tcp_kept_hdr *h = tcp->cfg.kept;
	const struct sl_tcp_kept_hdr want = {.magic = SL_TCP_KEPT_MAGIC,
					     .layout = SL_TCP_KEPT_LAYOUT,
					     .row_size = sizeof(struct sl_tcp_kept),
					     .rows = tcp->cfg.kept_rows,
					     .index = tcp->lc->index,
					     .workers = tcp->lc->workers};

	if (!h || !tcp->cfg.kept_rows)
		return;
	/* Another version's, or those of other workers: their clients are reset as they send. */
	if (memcmp(h, &want, sizeof(want)) != 0) {
		memset(h, 0, sl_tcp_kept_size(tcp->cfg.kept_rows));
		*h = want;
	}
	tcp->kept = (struct sl_tcp_kept *)(h + 1);
	tcp->lost_ms = tcp->now_ms + pass_ms[0];
}

/* Nothing is unread, unsent or not acknowledged, on either side. */
static bool settled(const struct sl_tcp_conn *c)
{
	return c->state == ST_ESTABLISHED && !c->sndq && c->snd_una == c->snd_max &&
	       c->snd_max == c->snd_end && c->rcv_len == 0 && !c->ooo &&
	       c->last_ack_sent == c->rcv_nxt &&
	       !(c->flags & (F_FIN_IN | F_FIN_OOO | F_SHUTDOWN | F_DETACHED));
}

/* All but the mark. A free place stays so, and a busy one, until it is whole. */
static struct sl_tcp_kept *entry_write(struct sl_tcp_conn *c, uint32_t row,
				       const struct sl_tcp_memo *user)
{
	struct sl_tcp *tcp = c->tcp;
	struct sl_tcp_kept *k = &tcp->kept[row];

	if (k->mark == SL_TCP_KEPT_LOST) {
		set_mark(k, SL_TCP_KEPT_FREE);
		tcp->lost--;
	}
	path_of(c)->kept_row = row;
	tcp_conn_addrs(c, &k->local, &k->remote);
	k->lport = c->lport;
	k->fport = c->fport;
	k->ts = !!(c->flags & F_TS);
	k->sack = !!(c->flags & F_SACK);
	k->snd_wscale = c->snd_wscale;
	k->rcv_wscale = c->rcv_wscale;
	k->mss = c->mss;
	k->adv_mss = c->adv_mss;
	k->mtu = c->mtu;
	k->snd_nxt = c->snd_max;
	k->rcv_nxt = c->rcv_nxt;
	k->rcv_adv = c->rcv_adv;
	k->snd_wnd = c->snd_wnd;
	k->max_snd_wnd = c->max_snd_wnd;
	k->ts_offset = c->ts_offset;
	k->ts_recent = c->ts_recent;
	k->t_rx = c->t_rx;
	k->user = *user;
	k->check = sl_tcp_kept_check(k);
	return k;
}

void sl_tcp_note(struct sl_tcp_conn *c, uint32_t row)
{
	static const struct sl_tcp_memo none;

	if (c->state <= ST_CLOSED || row >= c->tcp->cfg.kept_rows || !c->tcp->kept)
		return;
	tcp_kept_busy(c);
	set_mark(entry_write(c, row, &none), SL_TCP_KEPT_BUSY);
}

void sl_tcp_keep(struct sl_tcp_conn *c, uint32_t row, const struct sl_tcp_memo *user)
{
	if (c->flags & F_KEPT || !settled(c) || row >= c->tcp->cfg.kept_rows || !c->tcp->kept)
		return;
	set_mark(entry_write(c, row, user), SL_TCP_KEPT_IDLE);
	c->flags |= F_KEPT;
	stats(c->tcp)->tcp_kept++;
}

void sl_tcp_unkeep(struct sl_tcp_conn *c)
{
	tcp_kept_busy(c);
}

void tcp_kept_end(struct sl_tcp_conn *c)
{
	set_mark(&c->tcp->kept[path_of(c)->kept_row], SL_TCP_KEPT_BUSY);
	c->flags &= ~F_KEPT;
	stats(c->tcp)->tcp_kept--;
}

void tcp_kept_free(struct sl_tcp_conn *c)
{
	struct path *p = path_of(c);

	if (p->kept_row == ROW_NONE)
		return;
	tcp_kept_busy(c);
	set_mark(&c->tcp->kept[p->kept_row], SL_TCP_KEPT_FREE);
	p->kept_row = ROW_NONE;
}

static struct key entry_key(const struct sl_tcp_kept *k)
{
	return (struct key){&k->local, &k->remote, k->lport, k->fport};
}

/* Whether a whole entry can be true; two of one tuple can't. */
static bool plausible(const struct sl_tcp *tcp, const struct sl_tcp_kept *k)
{
	struct key key = entry_key(k);
	uint16_t least = ip_tcp_len(tcp_addr_is_v6(key.l, key.f)) + MSS_FLOOR;

	return k->lport && k->fport && k->snd_wscale <= WSCALE_MAX && k->rcv_wscale <= WSCALE_MAX &&
	       k->mss >= MSS_FLOOR && k->adv_mss >= MSS_FLOOR && k->mtu >= least &&
	       seq_le(k->rcv_nxt, k->rcv_adv) && k->rcv_adv - k->rcv_nxt <= 65535u << WSCALE_MAX &&
	       tcp_index_find(tcp, tcp_key_hash(tcp, &key), &key) == SL_FLOW_NONE;
}

static void rebuild(struct sl_tcp_conn *c, const struct sl_tcp_kept *k)
{
	struct sl_tcp *tcp = c->tcp;

	tcp_conn_set_mtu(c, k->mtu);
	c->mss = SL_MIN(c->mss, k->mss);
	c->adv_mss = k->adv_mss;
	c->flags |= (k->ts ? F_TS : 0) | (k->sack ? F_SACK : 0);
	c->snd_wscale = k->snd_wscale;
	c->rcv_wscale = k->rcv_wscale;
	c->snd_una = c->snd_nxt = c->snd_max = c->snd_end = c->recover = k->snd_nxt;
	c->rcv_nxt = c->last_ack_sent = k->rcv_nxt;
	c->rcv_adv = k->rcv_adv;
	c->snd_wnd = k->snd_wnd;
	c->max_snd_wnd = k->max_snd_wnd;
	c->snd_wl1 = k->rcv_nxt - 1; /* whatever comes next says the window anew */
	c->snd_wl2 = k->snd_nxt;
	c->ts_offset = k->ts_offset;
	c->ts_recent = k->ts_recent;
	/* A clock that began anew: it was just heard of. */
	c->t_rx = seq_lt(tcp->now_ms, k->t_rx) ? tcp->now_ms : k->t_rx;
	c->listener = UINT32_MAX;
	c->state = ST_ESTABLISHED;
	tcp_cong_init(c, false);
	tcp_timer_keep(c, tcp->cfg.keepalive_ms);
	tcp_timer_arm(c);
}

struct sl_tcp_conn *sl_tcp_restore(struct sl_tcp *tcp, uint32_t row, struct sl_tcp_memo *user)
{
	struct sl_tcp_kept *k = tcp->kept && row < tcp->cfg.kept_rows ? &tcp->kept[row] : NULL;
	struct sl_tcp_conn *c = NULL;
	struct key key;

	if (!k || k->mark == SL_TCP_KEPT_FREE)
		return NULL;
	if (k->mark > SL_TCP_KEPT_LOST || k->check != sl_tcp_kept_check(k) || !plausible(tcp, k)) {
		stats(tcp)->tcp_restore_torn++;
		set_mark(k, SL_TCP_KEPT_FREE);
		return NULL;
	}
	if (k->mark == SL_TCP_KEPT_IDLE) {
		key = entry_key(k);
		c = tcp_conn_new(tcp, &key, SL_TCP_DOWNSTREAM);
		stats(tcp)->tcp_restore_gone += !c;
	} else {
		stats(tcp)->tcp_restore_busy++;
	}
	if (!c) {
		set_mark(k, SL_TCP_KEPT_LOST);
		tcp->lost++;
		return NULL;
	}
	rebuild(c, k);
	path_of(c)->kept_row = row;
	c->flags |= F_KEPT;
	stats(tcp)->tcp_kept++;
	*user = k->user;
	return c;
}

bool sl_tcp_lost(const struct sl_tcp *tcp, uint32_t row)
{
	return tcp->kept && row < tcp->cfg.kept_rows && tcp->kept[row].mark == SL_TCP_KEPT_LOST;
}

bool sl_tcp_ours(const struct sl_tcp_conn *c)
{
	const struct sl_tcp_config *cfg = &c->tcp->cfg;
	struct sl_ip_port local, remote;

	sl_tcp_local(c, &local);
	sl_tcp_remote(c, &remote);
	return !cfg->ours || cfg->ours(cfg->user, &local, &remote);
}

/* One octet below what the peer has acknowledged, so that it says what it is waiting for. */
static void ask(struct sl_tcp *tcp, const struct sl_tcp_kept *k)
{
	struct key key = entry_key(k);
	const struct bare b = {.l = key.l,
			       .f = key.f,
			       .lport = key.lport,
			       .fport = key.fport,
			       .seq = k->snd_nxt - 1,
			       .ack = k->rcv_nxt,
			       .flags = SL_TCP_ACK};

	/* The peer may have opened another one from that port by now. */
	if (tcp_index_find(tcp, tcp_key_hash(tcp, &key), &key) == SL_FLOW_NONE)
		tcp_seg_send_bare(tcp, &b);
}

void tcp_kept_timers(struct sl_tcp *tcp)
{
	uint32_t asked = 0;

	if (!tcp->lost || seq_lt(tcp->now_ms, tcp->lost_ms))
		return;
	tcp->lost_ms = tcp->now_ms + 1;
	for (uint32_t i = 0; i < LOST_ROWS && asked < LOST_ASKED; i++) {
		struct sl_tcp_kept *k = &tcp->kept[tcp->lost_row];

		if (k->mark == SL_TCP_KEPT_LOST) {
			ask(tcp, k);
			asked++;
			if (tcp->lost_pass + 1u == LOST_PASSES) {
				set_mark(k, SL_TCP_KEPT_FREE);
				tcp->lost--;
			}
		}
		if (++tcp->lost_row == tcp->cfg.kept_rows) {
			tcp->lost_row = 0;
			if (++tcp->lost_pass < LOST_PASSES)
				tcp->lost_ms = tcp->now_ms + pass_ms[tcp->lost_pass];
			return;
		}
	}
}

uint64_t tcp_kept_next_us(const struct sl_tcp *tcp)
{
	return tcp->lost ? tcp_ms_to_us(tcp, tcp->lost_ms) : UINT64_MAX;
}
