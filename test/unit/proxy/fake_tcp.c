/* SPDX-License-Identifier: BSD-3-Clause */
/* The stand-in for lib/tcp that the proxy's tests are linked with. */
#include "fake_tcp.h"

#include "config.h"

#include <stdlib.h>

void fake_init(struct sl_tcp *tcp, struct sl_lcore *lc)
{
	memset(tcp, 0, offsetof(struct sl_tcp, conn));
	tcp->lc = lc;
}

void fake_fini(struct sl_tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->n; i++) {
		rte_pktmbuf_free(tcp->conn[i].rx);
		rte_pktmbuf_free(tcp->conn[i].tx);
		free(tcp->conn[i].out);
	}
	tcp->n = 0;
}

static struct sl_tcp_conn *conn_new(struct sl_tcp *tcp, enum sl_tcp_side side)
{
	struct sl_tcp_conn *c = &tcp->conn[tcp->n++];

	CHECK(tcp->n <= FAKE_CONNS);
	memset(c, 0, sizeof(*c));
	c->tcp = tcp;
	c->side = side;
	c->user = SL_TCP_NO_USER;
	c->window = 131072;
	return c;
}

struct sl_tcp_conn *fake_accept(struct sl_tcp *tcp, const char *local, uint16_t port)
{
	struct sl_tcp_conn *c = conn_new(tcp, SL_TCP_DOWNSTREAM);

	CHECK(sl_ip_parse(local, &c->local.ip, NULL) == 0);
	CHECK(sl_ip_parse("192.0.2.7", &c->remote.ip, NULL) == 0);
	c->local.port = port;
	c->remote.port = 4000;
	c->opened = true;
	c->events = SL_TCP_OPENED;
	return c;
}

static void busy(struct sl_tcp_conn *c)
{
	if (c->kept == SL_TCP_KEPT_IDLE)
		c->kept = SL_TCP_KEPT_BUSY;
}

static void must_live(const struct sl_tcp_conn *c)
{
	/* A handle that died must not be touched again. */
	CHECK(c->fate == FAKE_OPEN);
}

void fake_rx(struct sl_tcp_conn *c, const void *data, uint32_t len, uint32_t seg)
{
	const char *p = data;

	if (c->fate != FAKE_OPEN)
		return;
	busy(c);
	while (len > 0) {
		uint32_t n = SL_MIN(SL_MIN(len, seg), 1448u);
		struct rte_mbuf *m = rte_pktmbuf_alloc(c->tcp->lc->pool);

		CHECK(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), p, n);
		if (c->rx_tail)
			c->rx_tail->next = m;
		else
			c->rx = m;
		c->rx_tail = m;
		c->rx_len += n;
		p += n;
		len -= n;
	}
	c->events |= SL_TCP_READABLE;
}

void fake_fin(struct sl_tcp_conn *c)
{
	busy(c);
	c->eof = true;
	c->events |= SL_TCP_READABLE;
}

void fake_end(struct sl_tcp_conn *c, enum sl_tcp_end end)
{
	c->closed = true;
	c->end = end;
	c->events |= SL_TCP_CLOSED;
	rte_pktmbuf_free(c->tx);
	c->tx = c->tx_tail = NULL;
}

void fake_open(struct sl_tcp_conn *c)
{
	c->opened = true;
	c->events |= SL_TCP_OPENED | SL_TCP_WRITABLE;
}

void fake_die(struct sl_tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->n; i++) {
		struct sl_tcp_conn *c = &tcp->conn[i];

		c->events = 0;
		c->user = SL_TCP_NO_USER;
		if (c->fate != FAKE_OPEN || c->kept == SL_TCP_KEPT_IDLE)
			continue;
		c->fate = FAKE_ABORTED;
		if (c->kept == SL_TCP_KEPT_BUSY)
			c->kept = SL_TCP_KEPT_LOST;
		rte_pktmbuf_free(c->rx);
		rte_pktmbuf_free(c->tx);
		c->rx = c->tx = NULL;
	}
}

/* Acknowledges all; what the user queues while it polls makes no event by itself. */
static void acknowledge(struct sl_tcp_conn *c)
{
	uint32_t at = c->acked;

	for (struct rte_mbuf *m = c->tx; m; m = m->next) {
		/* What was queued must not have changed under the hands of TCP. */
		CHECK(memcmp(rte_pktmbuf_mtod(m, char *), c->out + at, m->data_len) == 0);
		at += m->data_len;
	}
	CHECK(at == c->out_len);
	rte_pktmbuf_free(c->tx);
	c->tx = c->tx_tail = NULL;
	c->acked = at;
}

void fake_ack(struct sl_tcp_conn *c)
{
	if (c->fate != FAKE_OPEN)
		return;
	acknowledge(c);
	c->events |= SL_TCP_WRITABLE;
}

void fake_window(struct sl_tcp_conn *c, uint32_t window)
{
	c->window = window;
	c->events |= SL_TCP_WRITABLE;
}

/* ---- sl_tcp.h ---- */

struct sl_tcp_conn *sl_tcp_ready(struct sl_tcp *tcp, uint32_t *events)
{
	for (uint32_t i = 0; i < tcp->n; i++) {
		struct sl_tcp_conn *c = &tcp->conn[i];

		if (c->fate != FAKE_OPEN || c->events == 0)
			continue;
		*events = c->events;
		c->events = 0;
		return c;
	}
	return NULL;
}

struct sl_tcp_conn *sl_tcp_connect(struct sl_tcp *tcp, const struct sl_ip *dst, uint16_t port,
				   uint32_t timeout_ms, int *code)
{
	struct sl_tcp_conn *c;

	if (tcp->connect_error) {
		*code = tcp->connect_error;
		tcp->connect_error = 0;
		return NULL;
	}
	c = conn_new(tcp, SL_TCP_UPSTREAM);
	c->remote = (struct sl_ip_port){*dst, port};
	CHECK(sl_ip_parse("10.0.0.1", &c->local.ip, NULL) == 0);
	c->local.port = (uint16_t)(50000 + tcp->n);
	c->timeout_ms = timeout_ms;
	return c;
}

uint32_t sl_tcp_rx_len(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->rx_len;
}

struct rte_mbuf *sl_tcp_rx_peek(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->rx;
}

struct rte_mbuf *sl_tcp_rx_take(struct sl_tcp_conn *c, uint32_t n)
{
	struct rte_mbuf *head = NULL, *tail = NULL, *part;
	uint32_t left = n;

	must_live(c);
	if (n == 0 || n > c->rx_len)
		return NULL;
	if (c->tcp->fail_take > 0) {
		c->tcp->fail_take--;
		return NULL;
	}
	part = rte_pktmbuf_alloc(c->tcp->lc->clone_pool);
	if (!part)
		return NULL;
	while (left > 0) {
		struct rte_mbuf *m = c->rx;

		if (left >= m->data_len) {
			c->rx = m->next;
			m->next = NULL;
		} else {
			rte_pktmbuf_attach(part, m);
			part->data_len = (uint16_t)left;
			m->data_off = (uint16_t)(m->data_off + left);
			m->data_len = (uint16_t)(m->data_len - left);
			m = part;
			part = NULL;
		}
		if (tail)
			tail->next = m;
		else
			head = m;
		tail = m;
		left -= m->data_len;
	}
	rte_pktmbuf_free(part);
	if (!c->rx)
		c->rx_tail = NULL;
	c->rx_len -= n;
	return head;
}

void sl_tcp_rx_skip(struct sl_tcp_conn *c, uint32_t n)
{
	must_live(c);
	CHECK(n <= c->rx_len);
	c->rx_len -= n;
	while (n > 0) {
		struct rte_mbuf *m = c->rx;
		uint32_t k = SL_MIN(n, (uint32_t)m->data_len);

		m->data_off = (uint16_t)(m->data_off + k);
		m->data_len = (uint16_t)(m->data_len - k);
		n -= k;
		if (m->data_len == 0) {
			c->rx = m->next;
			m->next = NULL;
			rte_pktmbuf_free(m);
		}
	}
	if (!c->rx)
		c->rx_tail = NULL;
}

bool sl_tcp_rx_eof(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->eof;
}

uint32_t sl_tcp_tx_pending(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->closed ? 0 : c->out_len - c->acked;
}

uint32_t sl_tcp_tx_room(const struct sl_tcp_conn *c)
{
	uint32_t used = c->out_len - c->acked;

	must_live(c);
	return !c->closed && !c->shut && c->opened && used < c->window ? c->window - used : 0;
}

void sl_tcp_tx(struct sl_tcp_conn *c, struct rte_mbuf *chain)
{
	must_live(c);
	CHECK(chain);
	if (c->closed || c->shut) {
		rte_pktmbuf_free(chain);
		return;
	}
	busy(c);
	if (c->tcp->sending)
		c->tcp->sending(c);
	if (c->tx_tail)
		c->tx_tail->next = chain;
	else
		c->tx = chain;
	for (struct rte_mbuf *m = chain; m; m = m->next) {
		CHECK(m->data_len > 0);
		while (c->out_len + m->data_len > c->out_cap) {
			c->out_cap = c->out_cap ? c->out_cap * 2 : 4096;
			c->out = realloc(c->out, c->out_cap);
			CHECK(c->out);
		}
		memcpy(c->out + c->out_len, rte_pktmbuf_mtod(m, char *), m->data_len);
		c->out_len += m->data_len;
		c->tx_tail = m;
	}
	if (!c->tcp->hold)
		acknowledge(c);
}

void sl_tcp_shutdown(struct sl_tcp_conn *c)
{
	must_live(c);
	busy(c);
	c->shut = true;
}

static void handle_dies(struct sl_tcp_conn *c, enum fake_fate fate)
{
	must_live(c);
	c->kept = SL_TCP_KEPT_FREE;
	c->fate = fate;
	rte_pktmbuf_free(c->rx);
	rte_pktmbuf_free(c->tx);
	c->rx = c->tx = NULL;
}

void sl_tcp_close(struct sl_tcp_conn *c)
{
	handle_dies(c, FAKE_CLOSED_FIN);
}

void sl_tcp_abort(struct sl_tcp_conn *c)
{
	handle_dies(c, FAKE_ABORTED);
}

void sl_tcp_release(struct sl_tcp_conn *c)
{
	CHECK(c->closed);
	handle_dies(c, FAKE_RELEASED);
}

void sl_tcp_note(struct sl_tcp_conn *c, uint32_t row)
{
	must_live(c);
	CHECK(c->side == SL_TCP_DOWNSTREAM);
	/* A place is one connection's. */
	for (uint32_t i = 0; i < c->tcp->n; i++) {
		struct sl_tcp_conn *other = &c->tcp->conn[i];

		if (other == c || other->kept_row != row || other->kept == SL_TCP_KEPT_FREE)
			continue;
		CHECK(other->kept == SL_TCP_KEPT_LOST);
		other->kept = SL_TCP_KEPT_FREE;
	}
	c->kept = SL_TCP_KEPT_BUSY;
	c->kept_row = row;
}

void sl_tcp_keep(struct sl_tcp_conn *c, uint32_t row, const struct sl_tcp_memo *user)
{
	must_live(c);
	if (c->kept == SL_TCP_KEPT_IDLE || c->rx_len || c->tx || c->eof || c->closed || c->shut)
		return;
	sl_tcp_note(c, row);
	c->kept = SL_TCP_KEPT_IDLE;
	c->memo = *user;
}

void sl_tcp_unkeep(struct sl_tcp_conn *c)
{
	must_live(c);
	busy(c);
}

struct sl_tcp_conn *sl_tcp_restore(struct sl_tcp *tcp, uint32_t row, struct sl_tcp_memo *user)
{
	for (uint32_t i = 0; i < tcp->n; i++) {
		struct sl_tcp_conn *c = &tcp->conn[i];

		if (c->kept != SL_TCP_KEPT_IDLE || c->kept_row != row)
			continue;
		*user = c->memo;
		return c;
	}
	return NULL;
}

bool sl_tcp_lost(const struct sl_tcp *tcp, uint32_t row)
{
	for (uint32_t i = 0; i < tcp->n; i++)
		if (tcp->conn[i].kept == SL_TCP_KEPT_LOST && tcp->conn[i].kept_row == row)
			return true;
	return false;
}

bool sl_tcp_ours(const struct sl_tcp_conn *c)
{
	must_live(c);
	return !c->tcp->foreign;
}

enum sl_tcp_end sl_tcp_end(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->end;
}

void sl_tcp_local(const struct sl_tcp_conn *c, struct sl_ip_port *out)
{
	must_live(c);
	*out = c->local;
}

void sl_tcp_remote(const struct sl_tcp_conn *c, struct sl_ip_port *out)
{
	must_live(c);
	*out = c->remote;
}

enum sl_tcp_side sl_tcp_side(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->side;
}

void sl_tcp_set_user(struct sl_tcp_conn *c, uint32_t user)
{
	must_live(c);
	CHECK(user != SL_TCP_NO_USER);
	c->user = user;
}

uint32_t sl_tcp_user(const struct sl_tcp_conn *c)
{
	must_live(c);
	return c->user;
}
