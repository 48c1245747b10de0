/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/1.1 heads and chunk framing (RFC 9110, 9112): parse to spans, emit from what was parsed.
 *
 * Leaf library: no allocation, no state but the caller's structs, no C strings on wire bytes.
 * Strict: whatever is in doubt is refused, never repaired.
 */
#ifndef SL_HTTP_H
#define SL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_HTTP_FIELDS_MAX 100

/** Result of the parsers: bytes consumed when above 0, else one of these. */
#define SL_HTTP_MORE 0  /* all good so far, not complete */
#define SL_HTTP_BAD  -1 /* refused; `error` says why */

/** Why a message was refused, with the status that answers it and Envoy's details string. */
#define SL_HTTP_ERROR_LIST(X)                                                      \
	X(NONE, 0, "")                                                             \
	X(BAD_METHOD, 400, "http1.invalid_method")                                 \
	X(BAD_TARGET, 400, "http1.invalid_url")                                    \
	X(BAD_VERSION, 400, "http1.invalid_version")                               \
	X(UNSUPPORTED_VERSION, 505, "http1.unsupported_version")                   \
	X(HTTP2_PREFACE, 400, "http1.http2_preface")                               \
	X(BAD_FIELD, 400, "http1.invalid_characters")                              \
	X(BAD_LINE_END, 400, "http1.invalid_line_end")                             \
	X(OBS_FOLD, 400, "http1.obs_fold")                                         \
	X(MISSING_HOST, 400, "missing_host_header")                                \
	X(BAD_HOST, 400, "http1.invalid_host")                                     \
	X(LENGTH_AND_CHUNKED, 400, "http1.content_length_and_chunked_not_allowed") \
	X(BAD_LENGTH, 400, "http1.invalid_content_length")                         \
	X(BAD_TRANSFER_CODING, 400, "http1.invalid_transfer_encoding")             \
	X(UNKNOWN_TRANSFER_CODING, 501, "http1.unknown_transfer_encoding")         \
	X(BAD_CHUNK, 400, "http1.invalid_chunk")                                   \
	X(LINE_TOO_LONG, 414, "http1.request_line_too_large")                      \
	X(HEAD_TOO_LARGE, 431, "http1.headers_too_large")                          \
	X(TOO_MANY_FIELDS, 431, "http1.too_many_headers")                          \
	X(CONNECT, 405, "http1.connect_not_allowed")                               \
	X(TRACE, 405, "http1.trace_not_allowed")                                   \
	X(BAD_STATUS, 502, "http1.invalid_status")

enum sl_http_error {
#define SL_HTTP_ERROR_ENUM(name, status, details) SL_HTTP_E_##name,
	SL_HTTP_ERROR_LIST(SL_HTTP_ERROR_ENUM)
#undef SL_HTTP_ERROR_ENUM
		SL_HTTP_E_COUNT
};

/** Status that answers a refused request (a refused response is always 502). */
uint16_t sl_http_error_status(enum sl_http_error e);
const char *sl_http_error_details(enum sl_http_error e);

enum sl_http_framing {
	SL_HTTP_NO_BODY,
	SL_HTTP_LENGTH, /* `length` bytes follow; 0 when the sender said 0 */
	SL_HTTP_CHUNKED,
	SL_HTTP_UNTIL_CLOSE, /* responses only */
	SL_HTTP_TUNNEL,      /* 101 */
};

/** Fields the proxy asks for by number, so that nothing is compared twice. */
enum sl_http_known {
	SL_HTTP_F_OTHER,
	SL_HTTP_F_HOST,
	SL_HTTP_F_CONNECTION,
	SL_HTTP_F_KEEP_ALIVE,
	SL_HTTP_F_PROXY_CONNECTION,
	SL_HTTP_F_TE,
	SL_HTTP_F_TRAILER,
	SL_HTTP_F_TRANSFER_ENCODING,
	SL_HTTP_F_CONTENT_LENGTH,
	SL_HTTP_F_UPGRADE,
	SL_HTTP_F_HTTP2_SETTINGS,
	SL_HTTP_F_EXPECT,
	SL_HTTP_F_DATE,
	SL_HTTP_F_SERVER,
	SL_HTTP_F_USER_AGENT,
	SL_HTTP_F_X_FORWARDED_FOR,
	SL_HTTP_F_X_FORWARDED_PROTO,
	SL_HTTP_F_X_REQUEST_ID,
	SL_HTTP_F_X_ENVOY, /* any x-envoy-* */
	SL_HTTP_F_COUNT
};

struct sl_http_field {
	struct sl_str name, value; /* value without surrounding white space */
	uint8_t known;             /* enum sl_http_known */
	bool hop; /* hop-by-hop: not to be forwarded (RFC 9110 7.6.1). Always set on
		     Transfer-Encoding (emit your own) and Upgrade; on
		     Content-Length only where it does not hold */
};

struct sl_http_limits {
	uint32_t line_bytes;  /* request line; 0: 8192 */
	uint32_t head_bytes;  /* whole head; 0: 32768 */
	uint32_t field_bytes; /* one field line; 0: 8192, in a response as much as head_bytes */
	uint16_t fields;      /* 0: SL_HTTP_FIELDS_MAX, which is also the most */
	bool allow_connect_trace;
};

struct sl_http_request {
	struct sl_str method, target; /* target as sent */
	struct sl_str path;           /* target's path, without the query; a constant, not a span
					 of the buffer, when an absolute-form target has none */
	struct sl_str query;          /* with its '?', empty when none */
	struct sl_str authority;      /* Host, or that of an absolute-form target */
	struct sl_str host;           /* authority without its port; IPv6 keeps its brackets */
	uint8_t minor;                /* HTTP/1.minor */
	bool keep_alive;              /* connection may be used again afterwards */
	bool upgrade; /* asks for an upgrade by Connection: upgrade; Upgrade says to what */
	bool expect_continue;
	bool names_fields; /* Connection names fields, which end here as trailers too */
	enum sl_http_framing framing;
	uint64_t length;
	enum sl_http_error error;
	uint16_t n_fields;
	struct sl_http_field field[SL_HTTP_FIELDS_MAX];
};

struct sl_http_response {
	uint16_t status;
	uint8_t minor;
	bool keep_alive;
	bool names_fields; /* as of a request */
	struct sl_str reason;
	enum sl_http_framing framing;
	uint64_t length;
	enum sl_http_error error;
	uint16_t n_fields;
	struct sl_http_field field[SL_HTTP_FIELDS_MAX];
};

/**
 * Parses a request head at the start of buf. Up to four empty lines before it are part of it.
 *
 * The verdict does not depend on how the bytes were cut into calls. Unless bytes were consumed,
 * req has nothing but `error`.
 *
 * @param buf Contiguous bytes received so far; the spans point into it.
 * @param seen Bytes of buf that an earlier call has looked at in vain (0 at first): the end of
 *             the head is only searched behind them.
 * @param limits Zeros mean the defaults; so does NULL.
 * @return Bytes of the head, SL_HTTP_MORE or SL_HTTP_BAD (req->error). A head that is already too
 *         long or already wrong is refused before it is complete. Worker-safe.
 */
int sl_http_request_parse(struct sl_http_request *req, const char *buf, size_t len, size_t seen,
			  const struct sl_http_limits *limits);

/**
 * Parses a response head; interim (1xx) ones too, one at a time. Otherwise as above; whatever
 * `error` says, the client's answer is 502.
 *
 * @param head The request was HEAD.
 */
int sl_http_response_parse(struct sl_http_response *res, const char *buf, size_t len, size_t seen,
			   bool head, const struct sl_http_limits *limits);

/** Chunk decoder: says which bytes of the stream are content. All zero to begin. */
struct sl_http_chunks {
	uint8_t state;
	bool done;     /* last chunk and trailers are behind us */
	uint8_t error; /* enum sl_http_error, once SL_HTTP_BAD was returned */
	uint8_t digits;
	uint64_t left; /* content bytes of the current chunk still to come */
	uint32_t line_bytes, ext_bytes;
	uint32_t trailer_bytes; /* of the trailer section so far, its last CR LF included */
	uint16_t trailers;      /* fields in it */
};

/**
 * Looks at the next bytes of a chunked body.
 *
 * @param content Receives how many bytes of content start at buf + *skip.
 * @param skip Receives how many framing bytes come before that content.
 * @return Bytes consumed (skip + content), at least 1 when len is; SL_HTTP_BAD; after `done` 0.
 *         Worker-safe.
 */
int64_t sl_http_chunks_next(struct sl_http_chunks *c, const char *buf, size_t len, size_t *skip,
			    size_t *content);

/** What becomes of trailer fields (RFC 9110 6.5). */
enum sl_http_trailers {
	SL_HTTP_TRAILERS_AS_BOX, /* of a listener: what the box says */
	SL_HTTP_TRAILERS_DROP,
	SL_HTTP_TRAILERS_FORWARD,
};

/**
 * Whether a field may go on as a trailer: not one that says how a message is framed, routed,
 * authenticated or to be treated, and none of those that a gateway writes (RFC 9110 6.5.1). '_' is
 * taken for '-', as endpoints may.
 */
bool sl_http_trailer_allowed(struct sl_str name);

/**
 * Bounded writer: once something did not fit, `full` stays set and nothing more is written. Each
 * call writes all of its text or nothing.
 */
struct sl_http_out {
	char *p;
	size_t cap, n;
	bool full;
};

void sl_http_put(struct sl_http_out *out, struct sl_str s);
void sl_http_put_u64(struct sl_http_out *out, uint64_t value);
/** "name: value\r\n" */
void sl_http_put_field(struct sl_http_out *out, struct sl_str name, struct sl_str value);
/** "HTTP/1.1 200 OK\r\n"; a status of other than three digits sets `full`. */
void sl_http_put_status(struct sl_http_out *out, uint16_t status, struct sl_str reason);

/** "1f4\r\n": head of a chunk of that many bytes (RFC 9112 7.1). */
void sl_http_put_chunk(struct sl_http_out *out, uint64_t bytes);

/**
 * Writes the fields of a trailer section that may go on, in their order, without the empty line.
 *
 * @param section What sl_http_chunks_next took for it, as a whole.
 */
void sl_http_put_trailers(struct sl_http_out *out, struct sl_str section);

/** Checks for text that comes from elsewhere than a parsed head: a rewrite, a configuration. */
bool sl_http_valid_token(struct sl_str s);  /* field name, method */
bool sl_http_valid_value(struct sl_str s);  /* field value */
bool sl_http_valid_target(struct sl_str s); /* origin-form, query included */

/**
 * Checks a Host value: one name or address with or without a port of 1 to 65535.
 *
 * @param host Receives the name without the port, brackets kept; may be NULL.
 */
bool sl_http_valid_authority(struct sl_str s, struct sl_str *host);

/** Registered reason phrase (RFC 9110 15) or "". */
const char *sl_http_reason(uint16_t status);

/** IMF-fixdate (RFC 9110 5.6.7) of a time in seconds since 1970, 29 bytes, no NUL. */
void sl_http_date(uint64_t unix_s, char out[29]);

/** What is done to a path before it is matched and forwarded; the zeros are Istio's defaults. */
enum sl_http_normalize {
	SL_HTTP_NORM_BASE,  /* '.' and '..' segments resolved, never above the root; '\' is '/' and
			     * %2E is '.'; the rest kept: case, other escapes, "//" */
	SL_HTTP_NORM_NONE,  /* nothing; not even bad escapes are refused */
	SL_HTTP_NORM_MERGE, /* BASE, then each run of slashes is one */
};
/** And before that, what becomes of %2F and %5C. */
enum sl_http_slashes {
	SL_HTTP_SLASHES_KEEP,
	SL_HTTP_SLASHES_REJECT,
	SL_HTTP_SLASHES_UNESCAPE, /* they are '/' and '\' from here on */
	SL_HTTP_SLASHES_REDIRECT, /* the same, and the client is sent to the path that results */
};

struct sl_http_path_rules {
	uint8_t normalize; /* enum sl_http_normalize */
	uint8_t slashes;   /* enum sl_http_slashes */
};

/**
 * A path as routes match and endpoints get it, as Envoy does it. "*" stays "*".
 *
 * @param path Without the query.
 * @param rules NULL: the defaults.
 * @param unescaped Receives whether there was a %2F or %5C that was unescaped; may be NULL.
 * @return Bytes written to out (cap at least path.n), or -1, refused: bad escape, %00, no leading
 *         slash, an escaped slash that is not wanted. Worker-safe.
 */
int sl_http_path(struct sl_str path, const struct sl_http_path_rules *rules, char *out, size_t cap,
		 bool *unescaped);

#endif
