/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a request may be sent once more (RFC 9110 9.2.2, RFC 9112 9.3.1). */
#include "proxy_int.h"

/** No byte of an answer has come on the session's connection. */
static bool nothing_answered(const struct px_up *u)
{
	return !u->answered && u->head.buf == PX_NONE && u->head.seen == 0 &&
	       sl_tcp_rx_len(u->conn) == 0;
}

/**
 * A connection from the pool that died under the request: most likely the endpoint had closed it
 * before the request arrived. Safe for idempotent methods, and for any if nothing was acknowledged.
 */
static bool reuse_race(const struct px_session *s, const struct px_up *u)
{
	if (!u->reused || s->reuse_retried)
		return false;
	return s->idempotent || sl_tcp_tx_pending(u->conn) >= u->sent_bytes;
}

bool px_may_retry(struct sl_proxy *px, struct px_session *s, enum px_fail why)
{
	const struct px_up *u = s->up == PX_NONE ? NULL : &px->up[s->up];

	/* Only while the whole request is still held. */
	if (!s->up_head || s->req.touched)
		return false;
	if (why == PX_FAIL_RESET || why == PX_FAIL_TRY_TIMEOUT) {
		if (!u || !nothing_answered(u))
			return false;
		if (why == PX_FAIL_RESET && reuse_race(s, u)) {
			s->reuse_retried = true;
			s->attempts_max++;
			return true;
		}
		if (!s->idempotent)
			return false;
	}
	return s->attempts < s->attempts_max;
}
