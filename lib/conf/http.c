/* SPDX-License-Identifier: BSD-3-Clause */
/* The group `http` of sluice.conf: how requests and answers are treated. */
#include "box.h"

#include "sl_http.h"

static const char *const http10_words[] = {"accept", "refuse", NULL};
const char *const sl_conf_path_words[] = {"none", "base", "merge_slashes",
					  "decode_and_merge_slashes", NULL};
const char *const sl_conf_trailer_words[] = {"drop", "forward", NULL};
const char *const sl_conf_slash_words[] = {"keep_unchanged", "reject", "unescape_and_forward",
					   "unescape_and_redirect", NULL};

const struct sl_key sl_conf_http_keys[] = {
	{.name = "server",
	 .type = SL_KEY_TEXT,
	 BOX(server_name),
	 .def = "istio-envoy",
	 .min = 1,
	 .help = "Server header of every answer."},
	{.name = "trusted_hops",
	 .type = SL_KEY_INT,
	 BOX(xff_trusted_hops),
	 0,
	 16,
	 "0",
	 .help = "Proxies in front whose X-Forwarded-For is believed."},
	{.name = "http_10",
	 .type = SL_KEY_WORD,
	 BOX(http10),
	 .def = "accept",
	 .words = http10_words,
	 .help = "HTTP/1.0 requests: served, or refused with 426."},
	{.name = "websocket",
	 .type = SL_KEY_BOOL,
	 BOX(websocket),
	 .def = "true",
	 .help = "Upgrade to WebSocket; false: refused with 403."},
	{.name = "keep_request_id",
	 .type = SL_KEY_BOOL,
	 BOX(keep_request_id),
	 .def = "false",
	 .help = "A client's own X-Request-Id is passed on; otherwise each request gets a new "
		 "one."},
	{.name = "via",
	 .type = SL_KEY_TEXT,
	 BOX(via),
	 .def = "",
	 .help = "Name for our entry in Via of requests and answers; empty: none is added."},
	{.name = "path_normalization",
	 .type = SL_KEY_WORD,
	 BOX(path_normalization),
	 .def = "base",
	 .words = sl_conf_path_words,
	 .help = "Before a path is matched and forwarded: base resolves dot segments, "
		 "merge_slashes makes one of several slashes too, decode_and_merge_slashes "
		 "unescapes %2F and %5C first; none forwards it as it came."},
	{.name = "escaped_slashes",
	 .type = SL_KEY_WORD,
	 BOX(escaped_slashes),
	 .def = "keep_unchanged",
	 .words = sl_conf_slash_words,
	 .help = "%2F and %5C in a path: reject answers 400, unescape_and_redirect 307 with the "
		 "path that results."},
	{.name = "trailers",
	 .type = SL_KEY_WORD,
	 BOX(trailers),
	 .def = "drop",
	 .words = sl_conf_trailer_words,
	 .help = "Fields behind a chunked body: dropped, or forwarded, but for those about "
		 "framing, routing, authentication and the like; to clients only if they say TE: "
		 "trailers. What a route changes in headers does not apply to them."},
	{0},
};

int sl_conf_http_check(struct sl_reader *r, const struct sl_conf *conf)
{
	struct sl_str server = sl_str(conf->box.server_name), via = sl_str(conf->box.via);

	if (!sl_http_valid_value(server))
		return sl_reader_bad(r, config_lookup(&conf->cfg, "http.server"),
				     "'server' has a control byte; write printable text");
	if (via.n > 0 && !sl_http_valid_token(via))
		return sl_reader_bad(r, config_lookup(&conf->cfg, "http.via"),
				     "'via' is no name; write letters, digits and any of "
				     "!#$%%&'*+-.^_`|~");
	if (conf->box.path_normalization == SL_CONF_PATH_DECODE_AND_MERGE &&
	    config_lookup(&conf->cfg, "http.escaped_slashes") &&
	    conf->box.escaped_slashes != SL_HTTP_SLASHES_UNESCAPE)
		return sl_reader_bad(
			r, config_lookup(&conf->cfg, "http.escaped_slashes"),
			"'escaped_slashes' contradicts 'path_normalization', which "
			"unescapes them; write merge_slashes there, or leave this away");
	return 0;
}

struct sl_http_path_rules sl_conf_path(int normalization, int slashes)
{
	static const struct sl_http_path_rules rules[] = {
		[SL_CONF_PATH_NONE] = {SL_HTTP_NORM_NONE, 0},
		[SL_CONF_PATH_BASE] = {SL_HTTP_NORM_BASE, 0},
		[SL_CONF_PATH_MERGE] = {SL_HTTP_NORM_MERGE, 0},
		[SL_CONF_PATH_DECODE_AND_MERGE] = {SL_HTTP_NORM_MERGE, SL_HTTP_SLASHES_UNESCAPE},
	};
	struct sl_http_path_rules out = rules[normalization];

	if (out.slashes == SL_HTTP_SLASHES_KEEP)
		out.slashes = (uint8_t)slashes;
	return out;
}

struct sl_http_path_rules sl_conf_path_rules(const struct sl_conf_box *box)
{
	return sl_conf_path(box->path_normalization, box->escaped_slashes);
}
