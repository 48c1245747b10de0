/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies, either direction: content moves from one connection's receive queue to the other's send
 * queue by reference, only as much as the other side has room for, so that the window closes.
 */
#include "proxy_int.h"

void px_body_begin(struct px_body *b, enum sl_http_framing framing, uint64_t length, bool rechunk)
{
	*b = (struct px_body){.framing = (uint8_t)framing, .left = length, .rechunk = rechunk};
	b->done = framing == SL_HTTP_NO_BODY || (framing == SL_HTTP_LENGTH && length == 0);
}

/** "<hex size>\r\n" @return bytes written. */
static uint32_t chunk_head(char out[12], uint32_t size)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t n = 0, shift = 28;

	while (shift > 0 && size >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		out[n++] = hex[size >> shift & 15];
		if (shift == 0)
			break;
	}
	out[n++] = '\r';
	out[n++] = '\n';
	return n;
}

/** The mbufs that chunk framing needs, allocated before anything is taken off a queue. */
static bool framing_get(struct sl_proxy *px, const struct px_body *b, struct rte_mbuf *f[2])
{
	f[0] = f[1] = NULL;
	if (!b->rechunk)
		return true;
	if (rte_pktmbuf_alloc_bulk(px->lc->clone_pool, f, 2) < 0)
		return false;
	memset(sl_pkt(f[0]), 0, sizeof(struct sl_pkt));
	memset(sl_pkt(f[1]), 0, sizeof(struct sl_pkt));
	return true;
}

static void append(struct rte_mbuf *m, const char *data, uint16_t n)
{
	memcpy(rte_pktmbuf_append(m, n), data, n);
}

/** Sends what was collected, as one chunk where chunks are wanted; frees what f is not needed for.
 */
static void send_piece(struct sl_proxy *px, struct px_body *b, struct px_chain *content,
		       struct rte_mbuf *f[2], struct sl_tcp_conn *to, struct px_kept *kept)
{
	struct rte_mbuf *trailers = NULL;
	struct px_chain out = {0};
	char line[12];

	b->bytes += content->len;
	if (!f[0]) {
		if (kept)
			px_keep(px, kept, content);
		px_chain_send(content, to);
		return;
	}
	if (content->len > 0) {
		size_t n = chunk_head(line, content->len);

		append(f[0], line, (uint16_t)n);
		append(f[1], "\r\n", 2);
	}
	if (b->done) {
		trailers = px_trailers_take(px, b);
		append(f[1], "0\r\n\r\n", trailers ? 3 : 5);
	}
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			px_chain_add(&out, content->head);
		if (f[i]->data_len > 0)
			px_chain_add(&out, f[i]);
		else
			rte_pktmbuf_free(f[i]);
	}
	px_chain_add(&out, trailers);
	if (kept)
		px_keep(px, kept, &out);
	px_chain_send(&out, to);
}

/** One run of content that lies skip bytes into the first mbuf. */
static bool take_piece(struct sl_proxy *px, struct px_chain *out, struct sl_tcp_conn *from,
		       uint32_t skip, uint32_t n)
{
	struct rte_mbuf *m = sl_tcp_rx_peek(from);

	/* By reference a piece pins its whole mbuf: one-byte chunks must not multiply memory. */
	if (n <= PX_SMALL_BYTES) {
		if (n > 0 && !px_chain_copy(px, out, rte_pktmbuf_mtod_offset(m, char *, skip), n))
			return false;
		sl_tcp_rx_skip(from, skip + n);
		return true;
	}
	m = sl_tcp_rx_take(from, skip + n);
	if (!m)
		return false;
	m->data_off = (uint16_t)(m->data_off + skip);
	m->data_len = (uint16_t)(m->data_len - skip);
	px_chain_add(out, m);
	return true;
}

static enum px_move collect_chunked(struct sl_proxy *px, struct px_body *b,
				    struct sl_tcp_conn *from, uint32_t room, struct px_chain *out)
{
	for (uint32_t i = 0; i < PX_PIECES_MAX; i++) {
		struct rte_mbuf *m = sl_tcp_rx_peek(from);
		struct sl_http_chunks before = b->chunks;
		size_t skip = 0, content = 0;

		if (!m || room == 0)
			return PX_MOVE_WAIT;
		if (sl_http_chunks_next(&b->chunks, rte_pktmbuf_mtod(m, const char *),
					SL_MIN((uint32_t)m->data_len, room), &skip,
					&content) <= 0 ||
		    !px_trailers_gather(px, b, before.trailer_bytes,
					rte_pktmbuf_mtod_offset(m, const char *, skip)))
			return PX_MOVE_BAD;
		if (!take_piece(px, out, from, (uint32_t)skip, (uint32_t)content)) {
			b->chunks = before;
			return PX_MOVE_NO_MBUF;
		}
		b->touched = true;
		room -= (uint32_t)content;
		b->done = b->chunks.done;
		if (b->done)
			return PX_MOVE_DONE;
	}
	return PX_MOVE_BUDGET;
}

static enum px_move collect_plain(struct px_body *b, struct sl_tcp_conn *from, uint32_t room,
				  struct px_chain *out)
{
	uint32_t n = SL_MIN(room, sl_tcp_rx_len(from));
	struct rte_mbuf *m;

	if (b->framing == SL_HTTP_LENGTH)
		n = (uint32_t)SL_MIN((uint64_t)n, b->left);
	if (n == 0)
		return PX_MOVE_WAIT;
	m = sl_tcp_rx_take(from, n);
	if (!m)
		return PX_MOVE_NO_MBUF;
	px_chain_add(out, m);
	b->touched = true;
	if (b->framing != SL_HTTP_LENGTH)
		return PX_MOVE_WAIT;
	b->left -= n;
	b->done = b->left == 0;
	return b->done ? PX_MOVE_DONE : PX_MOVE_WAIT;
}

enum px_move px_body_move(struct sl_proxy *px, struct px_body *b, struct sl_tcp_conn *from,
			  struct sl_tcp_conn *to, struct px_kept *kept)
{
	uint32_t room = sl_tcp_tx_room(to);
	struct px_chain content = {0};
	struct rte_mbuf *f[2];
	enum px_move r;

	if (b->done)
		return PX_MOVE_DONE;
	if (room == 0 || sl_tcp_rx_len(from) == 0)
		return PX_MOVE_WAIT;
	if (!framing_get(px, b, f))
		return PX_MOVE_NO_MBUF;
	if (b->framing == SL_HTTP_CHUNKED)
		r = collect_chunked(px, b, from, room, &content);
	else
		r = collect_plain(b, from, room, &content);
	send_piece(px, b, &content, f, to, kept);
	return r;
}

enum px_move px_body_discard(struct px_body *b, struct sl_tcp_conn *from)
{
	for (uint32_t i = 0; i < PX_PIECES_MAX; i++) {
		struct rte_mbuf *m = sl_tcp_rx_peek(from);
		size_t skip = 0, content = 0;
		int64_t n;

		if (b->done)
			return PX_MOVE_DONE;
		if (!m)
			return PX_MOVE_WAIT;
		n = m->data_len;
		if (b->framing == SL_HTTP_CHUNKED) {
			n = sl_http_chunks_next(&b->chunks, rte_pktmbuf_mtod(m, const char *),
						(size_t)n, &skip, &content);
			if (n <= 0)
				return PX_MOVE_BAD;
			b->done = b->chunks.done;
		} else if (b->framing == SL_HTTP_LENGTH) {
			n = (int64_t)SL_MIN((uint64_t)n, b->left);
			b->left -= (uint64_t)n;
			b->done = b->left == 0;
		}
		sl_tcp_rx_skip(from, (uint32_t)n);
	}
	return PX_MOVE_BUDGET;
}

bool px_body_finish(struct sl_proxy *px, struct px_body *b, struct sl_tcp_conn *to)
{
	struct px_chain none = {0};
	struct rte_mbuf *f[2];

	if (!framing_get(px, b, f))
		return false;
	b->done = true;
	send_piece(px, b, &none, f, to, NULL);
	return true;
}
