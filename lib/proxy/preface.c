/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PROXY protocol: the header that a proxy in front sends before the first request of a connection,
 * and the one that we send before the request on a connection to an endpoint.
 */
#include "proxy_int.h"
#include "sl_pp.h"

void px_peer(const struct px_session *s, struct sl_ip_port *out)
{
	if (s->has_named)
		*out = s->named;
	else
		sl_tcp_remote(s->conn, out);
}

bool px_preface_expected(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_LISTENER, &s->listener);
	const struct sl_snap_listener *l;
	struct sl_ip_port peer;

	if (row == PX_NONE)
		return false;
	l = sl_snap_listener(px->lc->snap, row);
	if (l->n_proxy_from == 0)
		return false;
	sl_tcp_remote(s->conn, &peer);
	for (uint8_t i = 0; i < l->n_proxy_from; i++)
		if (sl_prefix_contains(&l->proxy_from[i], &peer.ip))
			return true;
	return false;
}

/** What has come so far, as far as it can be part of a header, in one piece. */
static uint32_t gather(const struct px_session *s, char *buf)
{
	uint32_t n = 0;

	for (struct rte_mbuf *m = sl_tcp_rx_peek(s->conn); m && n < SL_PP_MAX; m = m->next) {
		uint32_t k = SL_MIN((uint32_t)m->data_len, SL_PP_MAX - n);

		memcpy(buf + n, rte_pktmbuf_mtod(m, const char *), k);
		n += k;
	}
	return n;
}

void px_preface_bad(struct sl_proxy *px, struct px_session *s)
{
	px->lc->stats.c->http_proxy_header_bad++;
	px_session_abort(px, s);
}

enum px_step px_preface_step(struct sl_proxy *px, struct px_session *s)
{
	struct sl_pp pp;
	int n = sl_pp_parse(px->scratch, gather(s, px->scratch), &pp);

	if (n == SL_PP_BAD || (n == SL_PP_MORE && sl_tcp_rx_eof(s->conn))) {
		px_preface_bad(px, s);
		return PX_WAIT;
	}
	if (n == SL_PP_MORE)
		return PX_WAIT;
	sl_tcp_rx_skip(s->conn, (uint32_t)n);
	px->lc->stats.c->http_proxy_header_ok++;
	s->has_named = pp.known;
	s->named = pp.src;
	if (!px_client_add(px, s)) {
		px_session_abort(px, s);
		return PX_WAIT;
	}
	px_session_next(px, s);
	if (s->close) /* the gateway, or the listener, went while it was waited for */
		px_session_retire(px, s);
	return PX_AGAIN;
}

bool px_preface_put(struct sl_proxy *px, const struct px_session *s, const struct px_up *u,
		    struct px_chain *ch)
{
	struct sl_ip_port src, dst;
	char header[SL_PP_EMIT_MAX];

	if (u->preface == 0)
		return true;
	px_peer(s, &src);
	if (s->mirror)
		dst = s->local;
	else
		sl_tcp_local(s->conn, &dst);
	return px_chain_copy(px, ch, header, (uint32_t)sl_pp_emit(u->preface, &src, &dst, header));
}
