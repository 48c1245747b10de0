/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP of a lcore as a whole: creation, its lists of ready and touched connections, timers. */
#include <stdlib.h>
#include <sys/mman.h>

#include "internal.h"

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static void set_defaults(struct sl_tcp_config *cfg)
{
	cfg->conns_max = or_default(cfg->conns_max, 65536);
	cfg->syn_rcvd_max = or_default(cfg->syn_rcvd_max, 16384);
	cfg->time_wait_max = or_default(cfg->time_wait_max, 65536);
	cfg->rcv_buf_bytes = or_default(cfg->rcv_buf_bytes, 65536);
	cfg->snd_buf_bytes = or_default(cfg->snd_buf_bytes, 65536);
	cfg->buf_max_bytes = or_default(cfg->buf_max_bytes, 6u << 20);
	cfg->buf_max_bytes =
		SL_MAX(cfg->buf_max_bytes, SL_MAX(cfg->rcv_buf_bytes, cfg->snd_buf_bytes));
	cfg->time_wait_ms = or_default(cfg->time_wait_ms, 10000);
	cfg->syn_timeout_ms = or_default(cfg->syn_timeout_ms, 30000);
	cfg->user_timeout_ms = or_default(cfg->user_timeout_ms, 60000);
	cfg->keepalive_ms = or_default(cfg->keepalive_ms, 7200000);
}

static struct sl_hash_key derive_key(const struct sl_hash_key *from, uint64_t label)
{
	struct sl_hash_key key;

	label *= 2;
	key.k0 = sl_siphash(from, &label, sizeof(label));
	label++;
	key.k1 = sl_siphash(from, &label, sizeof(label));
	return key;
}

/* Zeroed memory, touched only as rows come into use; huge pages where the kernel grants them. */
static void *rows_alloc(uint64_t rows, size_t size)
{
	void *p =
		mmap(NULL, rows * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, rows * size, MADV_HUGEPAGE);
	return p;
}

static void rows_free(void *p, uint64_t rows, size_t size)
{
	if (p)
		munmap(p, rows * size);
}

static bool alloc_tables(struct sl_tcp *tcp)
{
	const struct sl_tcp_config *cfg = &tcp->cfg;

	tcp->loss_rows = SL_MAX(64u, cfg->conns_max / 8);
	tcp->conns = rows_alloc(cfg->conns_max, sizeof(*tcp->conns));
	tcp->paths = rows_alloc(cfg->conns_max, sizeof(*tcp->paths));
	tcp->conn_addr6 = rows_alloc(cfg->conns_max, sizeof(*tcp->conn_addr6));
	tcp->syns = rows_alloc(cfg->syn_rcvd_max, sizeof(*tcp->syns));
	tcp->syn_addr6 = rows_alloc(cfg->syn_rcvd_max, sizeof(*tcp->syn_addr6));
	tcp->tws = rows_alloc(cfg->time_wait_max, sizeof(*tcp->tws));
	tcp->tw_addr6 = rows_alloc(cfg->time_wait_max, sizeof(*tcp->tw_addr6));
	tcp->loss = rows_alloc(tcp->loss_rows, sizeof(*tcp->loss));
	tcp->index = sl_flow_create(cfg->conns_max + cfg->syn_rcvd_max + cfg->time_wait_max);
	tcp->wheel = sl_wheel_create(cfg->conns_max, tcp->lc->now_us);
	return tcp->conns && tcp->paths && tcp->conn_addr6 && tcp->syns && tcp->syn_addr6 &&
	       tcp->tws && tcp->tw_addr6 && tcp->loss && tcp->index && tcp->wheel;
}

int sl_tcp_create(struct sl_tcp **out, struct sl_lcore *lc, const struct sl_tcp_config *cfg,
		  struct sl_err *err)
{
	struct sl_tcp *tcp;

	*out = NULL;
	if (cfg->conns_max > TW_ROW / 4 || cfg->syn_rcvd_max > TW_ROW / 4 ||
	    cfg->time_wait_max > TW_ROW / 4 || cfg->rcv_buf_bytes > 1u << 29 ||
	    cfg->snd_buf_bytes > 1u << 29 || cfg->buf_max_bytes > 1u << 29)
		return sl_err(err, EINVAL, "TCP table or buffer size is out of range.");
	tcp = calloc(1, sizeof(*tcp));
	if (!tcp)
		return sl_err(err, ENOMEM, "Not enough memory for TCP.");
	tcp->lc = lc;
	tcp->cfg = *cfg;
	set_defaults(&tcp->cfg);
	if (!alloc_tables(tcp)) {
		sl_tcp_free(tcp);
		return sl_err(err, ENOMEM,
			      "Not enough memory for the tables of %u TCP connections; "
			      "lower the limit of connections.",
			      tcp->cfg.conns_max);
	}
	tcp->isn_key = derive_key(&cfg->secret, 1);
	tcp->cookie_key = derive_key(&cfg->secret, 2);
	tcp->now_ms = (uint32_t)(lc->now_us / 1000);
	tcp->conns_free = tcp->loss_free = ROW_NONE;
	tcp->ready_head = tcp->ready_tail = ROW_NONE;
	tcp->touch_head = tcp->touch_tail = ROW_NONE;
	while (tcp->cfg.buf_max_bytes >> tcp->rcv_wscale > 65535)
		tcp->rcv_wscale++;
	tcp_buffer_init(tcp);
	tcp_listen_init(tcp);
	tcp_tw_init(tcp);
	tcp_kept_init(tcp);
	*out = tcp;
	return 0;
}

void sl_tcp_tables(const struct sl_tcp *tcp, struct sl_tcp_tables *out)
{
	const struct sl_tcp_config *cfg = &tcp->cfg;

	out->conns = (struct sl_tcp_table){sizeof(struct sl_tcp_conn) + sizeof(struct path),
					   cfg->conns_max};
	out->half_open = (struct sl_tcp_table){sizeof(struct syn_entry), cfg->syn_rcvd_max};
	out->time_wait = (struct sl_tcp_table){sizeof(struct tw_entry), cfg->time_wait_max};
	out->kept = (struct sl_tcp_table){sizeof(struct sl_tcp_kept), cfg->kept_rows};
}

void sl_tcp_free(struct sl_tcp *tcp)
{
	if (!tcp)
		return;
	for (uint32_t i = 0; i < tcp->conns_fresh; i++) {
		tcp_queue_free(tcp->conns[i].sndq);
		tcp_queue_free(tcp->conns[i].rcvq);
		tcp_reass_purge(&tcp->conns[i]);
	}
	rows_free(tcp->conns, tcp->cfg.conns_max, sizeof(*tcp->conns));
	rows_free(tcp->paths, tcp->cfg.conns_max, sizeof(*tcp->paths));
	rows_free(tcp->conn_addr6, tcp->cfg.conns_max, sizeof(*tcp->conn_addr6));
	rows_free(tcp->syns, tcp->cfg.syn_rcvd_max, sizeof(*tcp->syns));
	rows_free(tcp->syn_addr6, tcp->cfg.syn_rcvd_max, sizeof(*tcp->syn_addr6));
	rows_free(tcp->tws, tcp->cfg.time_wait_max, sizeof(*tcp->tws));
	rows_free(tcp->tw_addr6, tcp->cfg.time_wait_max, sizeof(*tcp->tw_addr6));
	rows_free(tcp->loss, tcp->loss_rows, sizeof(*tcp->loss));
	sl_flow_free(tcp->index);
	sl_wheel_free(tcp->wheel);
	free(tcp);
}

void tcp_clock(struct sl_tcp *tcp)
{
	tcp->now_ms = (uint32_t)(tcp->lc->now_us / 1000);
}

struct sl_tcp_conn *sl_tcp_ready(struct sl_tcp *tcp, uint32_t *events)
{
	while (tcp->ready_head != ROW_NONE) {
		struct sl_tcp_conn *c = &tcp->conns[tcp->ready_head];

		tcp->ready_head = c->ready_next;
		if (tcp->ready_head == ROW_NONE)
			tcp->ready_tail = ROW_NONE;
		c->flags &= ~F_READY;
		if (c->state == ST_FREE) {
			tcp_conn_reap(c);
			continue;
		}
		if (!c->events)
			continue;
		*events = c->events;
		c->events = 0;
		return c;
	}
	*events = 0;
	return NULL;
}

void sl_tcp_flush(struct sl_tcp *tcp)
{
	uint32_t last = tcp->touch_tail;

	tcp_clock(tcp);
	while (tcp->touch_head != ROW_NONE) {
		uint32_t row = tcp->touch_head;
		struct sl_tcp_conn *c = &tcp->conns[row];

		tcp->touch_head = c->touch_next;
		if (tcp->touch_head == ROW_NONE)
			tcp->touch_tail = ROW_NONE;
		c->flags &= ~F_TOUCHED;
		if (c->state == ST_FREE) {
			tcp_conn_reap(c);
		} else if (c->state != ST_CLOSED) {
			tcp_out_conn(c);
			if (c->state > ST_CLOSED)
				tcp_timer_arm(c);
		}
		/* What is touched meanwhile waits for the next round. */
		if (row == last)
			break;
	}
}

void sl_tcp_timers(struct sl_tcp *tcp)
{
	uint32_t row;

	tcp_clock(tcp);
	tcp_pressure_check(tcp);
	while ((row = sl_wheel_expired(tcp->wheel, tcp->lc->now_us)) != UINT32_MAX) {
		struct sl_tcp_conn *c = &tcp->conns[row];

		c->flags &= ~F_T_WHEEL;
		if (c->state > ST_CLOSED)
			tcp_timer_run(c);
	}
	tcp_listen_timers(tcp);
	tcp_tw_timers(tcp);
	tcp_kept_timers(tcp);
}

static bool delivers(const struct sl_tcp_conn *c)
{
	if (c->side != SL_TCP_DOWNSTREAM || c->state < ST_ESTABLISHED)
		return false;
	return c->sndq || c->state == ST_FIN_WAIT_1 || c->state == ST_CLOSING ||
	       c->state == ST_LAST_ACK;
}

uint32_t sl_tcp_delivering(const struct sl_tcp *tcp)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < tcp->conns_fresh; i++)
		n += delivers(&tcp->conns[i]);
	return n;
}

uint64_t sl_tcp_next_timer(const struct sl_tcp *tcp)
{
	uint64_t t = sl_wheel_next(tcp->wheel);

	/* Work left for sl_tcp_ready or sl_tcp_flush does not wait for a timer. */
	if (tcp->ready_head != ROW_NONE || tcp->touch_head != ROW_NONE)
		return tcp->lc->now_us;
	t = SL_MIN(t, tcp_listen_next_us(tcp));
	t = SL_MIN(t, tcp_kept_next_us(tcp));
	return SL_MIN(t, tcp_tw_next_us(tcp));
}

uint64_t tcp_ms_to_us(const struct sl_tcp *tcp, uint32_t ms)
{
	int64_t ahead = (int32_t)(ms - (uint32_t)(tcp->lc->now_us / 1000));
	int64_t at = (int64_t)(tcp->lc->now_us / 1000) + ahead;

	return at < 0 ? 0 : (uint64_t)at * 1000;
}
