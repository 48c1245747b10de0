/* SPDX-License-Identifier: BSD-3-Clause */
/* The head that goes to the client, written anew from what was understood of the endpoint's. */
#include "proxy_int.h"

struct sl_str px_date(struct sl_proxy *px)
{
	uint64_t now_s = (px->lc->now_us + px->cfg.wall_offset_us) / 1000000;

	if (now_s != px->date_s || px->date[0] == '\0') {
		px->date_s = now_s;
		sl_http_date(now_s, px->date);
	}
	return (struct sl_str){px->date, sizeof(px->date)};
}

void px_put_ip(struct sl_http_out *out, const struct sl_ip *ip)
{
	char text[SL_IP_TEXT_MAX];

	sl_http_put(out, sl_str(sl_ip_format(ip, text)));
}

static bool is_digits(struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/**
 * Content-Length of an answer: the length understood; where no body follows (HEAD, 304) what the
 * endpoint said, as information; none on 1xx and 204 (RFC 9110 8.6).
 */
static void put_length(const struct sl_http_response *rsp, const struct sl_http_field *f,
		       struct sl_http_out *out)
{
	if (rsp->framing == SL_HTTP_LENGTH) {
		sl_http_put(out, f->name);
		sl_http_put(out, SL_STR(": "));
		sl_http_put_u64(out, rsp->length);
		sl_http_put(out, SL_STR("\r\n"));
	} else if (rsp->framing == SL_HTTP_NO_BODY && rsp->status >= 200 && rsp->status != 204 &&
		   is_digits(f->value)) {
		sl_http_put_field(out, f->name, f->value);
	}
}

/** Forwards fields; @return whether there was a Date, or the route drops it. */
static bool put_fields(const struct px_session *s, const struct sl_http_response *rsp,
		       struct sl_http_out *out)
{
	static const struct sl_str time = {"x-envoy-upstream-service-time", 29};
	bool date = px_change_answer_drops(s, SL_STR("date")), length = false;

	for (uint16_t i = 0; i < rsp->n_fields; i++) {
		const struct sl_http_field *f = &rsp->field[i];

		switch (f->known) {
		case SL_HTTP_F_CONTENT_LENGTH:
			if (!length && !f->hop)
				put_length(rsp, f, out);
			length = true;
			continue;
		case SL_HTTP_F_CONNECTION:
		case SL_HTTP_F_KEEP_ALIVE:
		case SL_HTTP_F_PROXY_CONNECTION:
		case SL_HTTP_F_TE:
		case SL_HTTP_F_TRANSFER_ENCODING:
		case SL_HTTP_F_UPGRADE:
		case SL_HTTP_F_SERVER:
			continue;
		case SL_HTTP_F_X_ENVOY:
			if (f->hop || sl_str_ieq(f->name, time))
				continue;
			break;
		case SL_HTTP_F_TRAILER:
			if (!s->res.trailers)
				continue;
			break;
		case SL_HTTP_F_DATE:
			date = true;
			break;
		default:
			if (f->hop)
				continue;
		}
		if (s->changes && px_change_answer_drops(s, f->name))
			continue;
		sl_http_put_field(out, f->name, f->value);
	}
	return date;
}

bool px_emit_interim(struct sl_proxy *px, const struct px_session *s, struct sl_http_out *out)
{
	const struct sl_http_response *rsp = &px->rsp;

	sl_http_put_status(out, rsp->status, rsp->reason);
	put_fields(s, rsp, out);
	sl_http_put(out, SL_STR("\r\n"));
	return !out->full;
}

static void put_ours(struct sl_proxy *px, struct px_session *s, bool date, struct sl_http_out *out)
{
	if (!date)
		sl_http_put_field(out, SL_STR("date"), px_date(px));
	if (!px_change_answer_drops(s, SL_STR("server")))
		sl_http_put_field(out, SL_STR("server"), px->server);
	px_put_via(px, px->rsp.minor, out);
	if (!px_change_answer_drops(s, SL_STR("x-envoy-upstream-service-time"))) {
		sl_http_put(out, SL_STR("x-envoy-upstream-service-time: "));
		sl_http_put_u64(out, (px->lc->now_us - s->sent_us) / 1000);
		sl_http_put(out, SL_STR("\r\n"));
	}
	px_change_answer_put(s, false, out);
}

bool px_emit_switching(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out)
{
	const struct sl_http_response *rsp = &px->rsp;
	bool date;

	sl_http_put_status(out, rsp->status, rsp->reason);
	date = put_fields(s, rsp, out);
	put_ours(px, s, date, out);
	sl_http_put(out, SL_STR("connection: Upgrade\r\nupgrade: websocket\r\n\r\n"));
	return !out->full;
}

bool px_emit_response(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out)
{
	const struct sl_http_response *rsp = &px->rsp;
	bool date;

	sl_http_put_status(out, rsp->status, rsp->reason);
	date = put_fields(s, rsp, out);
	put_ours(px, s, date, out);
	px_put_cookie(px, s, out);
	if (s->res.rechunk)
		sl_http_put(out, SL_STR("transfer-encoding: chunked\r\n"));
	if (s->close)
		sl_http_put(out, SL_STR("connection: close\r\n"));
	else if (s->minor == 0)
		sl_http_put(out, SL_STR("connection: keep-alive\r\n"));
	sl_http_put(out, SL_STR("\r\n"));
	return !out->full;
}
