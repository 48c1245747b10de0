/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads from the receive queue: parsed in place when they lie in the first mbuf, else gathered in
 * one of a fixed number of head buffers.
 */
#include "proxy_int.h"

/** What to parse, for whom. */
struct reader {
	struct sl_proxy *px;
	struct px_head *h;
	struct sl_tcp_conn *c;
	bool response, head; /* head: answer to HEAD */
};

void px_head_init(struct px_head *h)
{
	*h = (struct px_head){.buf = PX_NONE};
}

void px_buffer_put(struct sl_proxy *px, uint32_t buf)
{
	px->head_next[buf] = px->head_free;
	px->head_free = buf;
}

uint32_t px_buffer_get(struct sl_proxy *px)
{
	uint32_t buf = px->head_free;

	if (buf != PX_NONE)
		px->head_free = px->head_next[buf];
	return buf;
}

char *px_buffer(const struct sl_proxy *px, uint32_t buf)
{
	return px->head_mem + (size_t)buf * PX_HEAD_MAX;
}

static void buffer_put(struct sl_proxy *px, struct px_head *h)
{
	if (h->buf == PX_NONE)
		return;
	px_buffer_put(px, h->buf);
	h->buf = PX_NONE;
}

static bool buffer_get(struct sl_proxy *px, struct px_head *h)
{
	h->buf = px_buffer_get(px);
	h->len = 0;
	return h->buf != PX_NONE;
}

static char *buffer(const struct sl_proxy *px, const struct px_head *h)
{
	return px_buffer(px, h->buf);
}

void px_head_free(struct sl_proxy *px, struct px_head *h)
{
	buffer_put(px, h);
	rte_pktmbuf_free(h->m);
	px_head_init(h);
}

static int parse(const struct reader *r, const char *p, size_t len, size_t seen)
{
	struct sl_proxy *px = r->px;

	if (r->response)
		return sl_http_response_parse(&px->rsp, p, len, seen, r->head, &px->limits);
	return sl_http_request_parse(&px->req, p, len, seen, &px->limits);
}

static void set_too_large(const struct reader *r)
{
	if (r->response)
		r->px->rsp.error = SL_HTTP_E_HEAD_TOO_LARGE;
	else
		r->px->req.error = SL_HTTP_E_HEAD_TOO_LARGE;
}

/** Moves mbuf after mbuf into the head buffer until the head in it is complete. */
static enum px_read gather(const struct reader *r, uint32_t *len)
{
	struct px_head *h = r->h;
	char *buf = buffer(r->px, h);
	struct rte_mbuf *m;

	while ((m = sl_tcp_rx_peek(r->c)) != NULL) {
		uint32_t n = SL_MIN((uint32_t)m->data_len, PX_HEAD_MAX - h->len);
		int got;

		if (n == 0) {
			set_too_large(r);
			return PX_READ_BAD;
		}
		memcpy(buf + h->len, rte_pktmbuf_mtod(m, const char *), n);
		got = parse(r, buf, h->len + n, h->len);
		if (got < 0)
			return PX_READ_BAD;
		if (got > 0) {
			/* What follows the head in this mbuf stays in the queue. */
			sl_tcp_rx_skip(r->c, (uint32_t)got - h->len);
			h->len = h->whole = *len = (uint32_t)got;
			return PX_READ_DONE;
		}
		sl_tcp_rx_skip(r->c, n);
		h->len += n;
	}
	return PX_READ_MORE;
}

static enum px_read read_head(const struct reader *r, uint32_t *len)
{
	struct px_head *h = r->h;
	struct rte_mbuf *m;
	int got;

	if (h->whole > 0) {
		*len = h->whole;
		return parse(r, buffer(r->px, h), h->whole, 0) > 0 ? PX_READ_DONE : PX_READ_BAD;
	}
	if (h->buf != PX_NONE)
		return gather(r, len);
	m = sl_tcp_rx_peek(r->c);
	if (!m)
		return PX_READ_MORE;
	if (h->seen > m->data_len)
		h->seen = 0;
	got = parse(r, rte_pktmbuf_mtod(m, const char *), m->data_len, h->seen);
	if (got < 0)
		return PX_READ_BAD;
	if (got > 0) {
		*len = (uint32_t)got;
		return PX_READ_DONE;
	}
	h->seen = m->data_len;
	if (sl_tcp_rx_len(r->c) == m->data_len)
		return PX_READ_MORE;
	if (!buffer_get(r->px, h))
		return PX_READ_NO_BUFFER;
	return gather(r, len);
}

/** A gathered head that fits moves to an mbuf, so that its buffer is free for the next one. */
static void settle(const struct reader *r)
{
	struct px_head *h = r->h;
	struct rte_mbuf *m;
	uint32_t len = h->whole;

	if (len > SL_MBUF_DATA)
		return;
	m = rte_pktmbuf_alloc(r->px->lc->pool);
	if (!m)
		return;
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), buffer(r->px, h), len);
	/* The same bytes at another place: parsed again for its spans. */
	parse(r, rte_pktmbuf_mtod(m, const char *), len, 0);
	buffer_put(r->px, h);
	h->m = m;
	h->whole = 0;
}

enum px_read px_head_request(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c,
			     uint32_t *len)
{
	struct reader r = {.px = px, .h = h, .c = c};
	enum px_read got = read_head(&r, len);

	if (got != PX_READ_DONE)
		return got;
	if (h->buf != PX_NONE) {
		settle(&r);
		return got;
	}
	h->m = sl_tcp_rx_take(c, *len);
	return h->m ? PX_READ_DONE : PX_READ_NO_BUFFER;
}

bool px_head_again(struct sl_proxy *px, struct px_head *h)
{
	struct reader r = {.px = px, .h = h};

	if (h->m)
		return parse(&r, rte_pktmbuf_mtod(h->m, const char *), h->m->data_len, 0) > 0;
	return h->buf != PX_NONE && parse(&r, buffer(px, h), h->whole, 0) > 0;
}

enum px_read px_head_response(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c,
			      bool head, uint32_t *len)
{
	struct reader r = {.px = px, .h = h, .c = c, .response = true, .head = head};

	return read_head(&r, len);
}

void px_head_consume(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c, uint32_t len)
{
	if (h->buf == PX_NONE)
		sl_tcp_rx_skip(c, len);
	px_head_free(px, h);
}
