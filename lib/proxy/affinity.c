/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a request decides where a consistent hash leads, and the cookie that makes clients stay.
 */
#include "proxy_int.h"
#include "sl_balance.h"

static void set_hash(struct px_session *s, const void *p, uint32_t n)
{
	s->hash = sl_balance_mix(sl_fnv1a(0, p, n));
	s->has_hash = true;
}

/** Value of a cookie in one Cookie field (RFC 6265 4.2.1); p NULL: it isn't in it. */
static struct sl_str cookie_in(struct sl_str field, struct sl_str name)
{
	for (uint32_t at = 0; at < field.n;) {
		const char *semi = memchr(field.p + at, ';', field.n - at);
		uint32_t end = semi ? (uint32_t)(semi - field.p) : field.n;

		while (at < end && (field.p[at] == ' ' || field.p[at] == '\t'))
			at++;
		if (end - at > name.n && field.p[at + name.n] == '=' &&
		    memcmp(field.p + at, name.p, name.n) == 0) {
			struct sl_str v = {field.p + at + name.n + 1, end - at - name.n - 1};

			if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
				v = (struct sl_str){v.p + 1, v.n - 2};
			return v;
		}
		at = end + 1;
	}
	return (struct sl_str){0};
}

static void by_field(struct sl_proxy *px, struct px_session *s, struct sl_str name, bool cookie)
{
	for (uint16_t i = 0; i < px->req.n_fields; i++) {
		const struct sl_http_field *f = &px->req.field[i];
		struct sl_str v = f->value;

		if (!sl_str_ieq(f->name, cookie ? SL_STR("cookie") : name))
			continue;
		if (cookie)
			v = cookie_in(f->value, name);
		if (!v.p)
			continue;
		set_hash(s, v.p, v.n);
		return;
	}
}

/** First value of a query parameter, as written. */
static void by_query(struct sl_proxy *px, struct px_session *s, struct sl_str name)
{
	struct sl_str q = px->req.query;

	for (uint32_t at = q.n > 0; at < q.n;) {
		const char *amp = memchr(q.p + at, '&', q.n - at);
		uint32_t end = amp ? (uint32_t)(amp - q.p) : q.n;

		if (end - at > name.n && q.p[at + name.n] == '=' &&
		    memcmp(q.p + at, name.p, name.n) == 0) {
			set_hash(s, q.p + at + name.n + 1, end - at - name.n - 1);
			return;
		}
		at = end + 1;
	}
}

/** The client has no cookie yet: a value is made up, and it goes where that leads from now on. */
static void make_cookie(struct sl_proxy *px, struct px_session *s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(s->cookie); i += 8) {
		uint32_t v = sl_balance_rnd(&px->lc->rnd);

		for (size_t k = 0; k < 8; k++)
			s->cookie[i + k] = digits[v >> (28 - 4 * k) & 15];
	}
	s->cookie_new = true;
	set_hash(s, s->cookie, sizeof(s->cookie));
}

void px_affinity(struct sl_proxy *px, struct px_session *s, const struct sl_snap_cluster *cl)
{
	struct sl_str name = sl_snap_str(px->lc->snap, cl->hash.name);
	char peer[SL_IP_TEXT_MAX];
	struct sl_str client;

	s->has_hash = s->cookie_new = false;
	switch (cl->hash.on) {
	case SL_HASH_HEADER:
		by_field(px, s, name, false);
		break;
	case SL_HASH_COOKIE:
		by_field(px, s, name, true);
		if (!s->has_hash && cl->hash.cookie_make)
			make_cookie(px, s);
		break;
	case SL_HASH_ADDRESS:
		client = px_trusted_client(px, s, peer);
		set_hash(s, client.p, client.n);
		break;
	case SL_HASH_QUERY:
		by_query(px, s, name);
		break;
	default:
		break;
	}
}

void px_put_cookie(struct sl_proxy *px, const struct px_session *s, struct sl_http_out *out)
{
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &s->cluster);
	const struct sl_snap_cluster *cl;
	struct sl_str path;

	if (!s->cookie_new || row == PX_NONE)
		return;
	cl = sl_snap_cluster(px->lc->snap, row);
	path = sl_snap_str(px->lc->snap, cl->hash.cookie_path);
	sl_http_put(out, SL_STR("set-cookie: "));
	sl_http_put(out, sl_snap_str(px->lc->snap, cl->hash.name));
	sl_http_put(out, SL_STR("=\""));
	sl_http_put(out, (struct sl_str){s->cookie, sizeof(s->cookie)});
	sl_http_put(out, SL_STR("\""));
	if (cl->hash.cookie_ttl_s) {
		sl_http_put(out, SL_STR("; Max-Age="));
		sl_http_put_u64(out, cl->hash.cookie_ttl_s);
	}
	if (path.n > 0) {
		sl_http_put(out, SL_STR("; Path="));
		sl_http_put(out, path);
	}
	sl_http_put(out, SL_STR("; HttpOnly\r\n"));
}
