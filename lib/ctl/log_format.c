/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats of the access log, from Envoy's operators to parts of a line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_int.h"

#define FORMAT_MAX 4096u

static const char istio[] =
	"[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
	"%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
	"\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
	"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
	"\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% "
	"%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
	"%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/* As nginx and Apache write it. */
static const char combined[] =
	"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% - - [%START_TIME(%d/%b/%Y:%H:%M:%S +0000)%] "
	"\"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %BYTES_SENT% "
	"\"%REQ(REFERER)%\" \"%REQ(USER-AGENT)%\"\n";

/* Istio's keys, then the request's story in microseconds. */
static const char json[] =
	"{\"start_time\":%START_TIME%,\"route_name\":%ROUTE_NAME%,\"method\":%REQ(:METHOD)%,"
	"\"path\":%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%,\"protocol\":%PROTOCOL%,"
	"\"response_code\":%RESPONSE_CODE%,\"response_flags\":%RESPONSE_FLAGS%,"
	"\"response_code_details\":%RESPONSE_CODE_DETAILS%,"
	"\"connection_termination_details\":%CONNECTION_TERMINATION_DETAILS%,"
	"\"bytes_received\":%BYTES_RECEIVED%,\"bytes_sent\":%BYTES_SENT%,\"duration\":%DURATION%,"
	"\"upstream_service_time\":%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%,"
	"\"x_forwarded_for\":%REQ(X-FORWARDED-FOR)%,\"user_agent\":%REQ(USER-AGENT)%,"
	"\"request_id\":%REQ(X-REQUEST-ID)%,\"authority\":%REQ(:AUTHORITY)%,"
	"\"upstream_host\":%UPSTREAM_HOST%,\"upstream_cluster\":%UPSTREAM_CLUSTER_RAW%,"
	"\"upstream_local_address\":%UPSTREAM_LOCAL_ADDRESS%,"
	"\"downstream_local_address\":%DOWNSTREAM_LOCAL_ADDRESS%,"
	"\"downstream_remote_address\":%DOWNSTREAM_REMOTE_ADDRESS%,"
	"\"requested_server_name\":%REQUESTED_SERVER_NAME%,"
	"\"upstream_transport_failure_reason\":%UPSTREAM_TRANSPORT_FAILURE_REASON%,"
	"\"accept_us\":%SLUICE_ACCEPT_US%,\"head_us\":%SLUICE_HEAD_US%,"
	"\"routed_us\":%SLUICE_ROUTED_US%,\"first_byte_us\":%SLUICE_FIRST_BYTE_US%,"
	"\"done_us\":%SLUICE_DONE_US%}\n";

static const struct {
	const char *name;
	enum log_op op;
} operators[] = {
#define OP(name, what) {#name, LOG_##what},
	LOG_OP_LIST(OP)
#undef OP
};

/* The fields of a request that a record has. */
static const struct {
	const char *name;
	enum log_op op;
} fields[] = {
	{":METHOD", LOG_METHOD},        {":PATH", LOG_PATH},
	{":AUTHORITY", LOG_AUTHORITY},  {"HOST", LOG_AUTHORITY},
	{"USER-AGENT", LOG_USER_AGENT}, {"X-ENVOY-ORIGINAL-PATH", LOG_PATH},
	{"X-FORWARDED-FOR", LOG_XFF},   {"X-REQUEST-ID", LOG_REQUEST_ID},
	{"REFERER", LOG_REFERER},
};

/** An operator taken apart: %NAME(ARGUMENT):MAX%. */
struct operator
{
	struct sl_str name, arg;
	uint32_t max;
};

static int bad(struct sl_err *err, const char *at, const char *why)
{
	return sl_err(err, EINVAL, "access log format: \"%.40s\": %s", at, why);
}

/** @return bytes of the operator at p, its last % included, or -1. */
static int take_operator(const char *p, struct operator* op)
{
	const char *start = p++, *end;

	*op = (struct operator){.name = {p, 0}};
	while ((*p >= 'A' && *p <= 'Z') || *p == '_')
		p++;
	op->name.n = (uint32_t)(p - op->name.p);
	if (*p == '(') {
		end = strchr(p, ')');
		if (!end)
			return -1;
		op->arg = (struct sl_str){p + 1, (uint32_t)(end - p - 1)};
		p = end + 1;
	}
	if (*p == ':') {
		for (p++; *p >= '0' && *p <= '9' && op->max < 100000; p++)
			op->max = op->max * 10 + (uint32_t)(*p - '0');
		if (op->max == 0)
			return -1;
	}
	return *p == '%' && op->name.n > 0 ? (int)(p + 1 - start) : -1;
}

/** REQ(A?B): the first of the two that a record has. */
static bool find_field(struct sl_str arg, enum log_op *op)
{
	const char *mark = arg.n > 0 ? memchr(arg.p, '?', arg.n) : NULL;
	struct sl_str first = {arg.p, mark ? (uint32_t)(mark - arg.p) : arg.n};

	for (size_t i = 0; i < SL_ARRAY_LEN(fields); i++) {
		if (!sl_str_ieq(first, sl_str(fields[i].name)))
			continue;
		*op = fields[i].op;
		return true;
	}
	return mark && find_field((struct sl_str){mark + 1, arg.n - first.n - 1}, op);
}

static bool find_operator(const struct operator* op, struct log_part *part)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(operators); i++)
		if (sl_str_eq(op->name, sl_str(operators[i].name))) {
			part->op = operators[i].op;
			return op->arg.n == 0 || part->op == LOG_TIME;
		}
	if (sl_str_eq(op->name, SL_STR("REQ")))
		return find_field(op->arg, &part->op);
	part->op = LOG_SERVICE_TIME;
	return sl_str_eq(op->name, SL_STR("RESP")) &&
	       sl_str_ieq(op->arg, SL_STR("X-ENVOY-UPSTREAM-SERVICE-TIME"));
}

/** Adds the part that begins at f->text + at. @return bytes of it, or -EINVAL. */
static int add_part(struct sl_log_format *f, size_t at, struct sl_err *err)
{
	struct log_part *part = &f->part[f->n_parts++];
	const char *p = f->text + at, *end;
	struct operator op;
	int n;

	*part = (struct log_part){.op = LOG_LITERAL, .at = (uint32_t)at};
	if (p[0] != '%') {
		end = strchr(p, '%');
		part->n = end ? (uint32_t)(end - p) : (uint32_t)strlen(p);
		return (int)part->n;
	}
	if (p[1] == '%') { /* a % of the text's own */
		part->n = 1;
		return 2;
	}
	n = take_operator(p, &op);
	if (n < 0)
		return bad(err, p, "write operators as %NAME% or %NAME(ARGUMENT)%, % as %%");
	if (!find_operator(&op, part))
		return bad(err, p,
			   "no such operator, or a field that is not recorded; "
			   "doc/access-log.md lists them");
	part->max = op.max;
	part->quoted = at > 0 && p[-1] == '"' && p[n] == '"';
	part->at = (uint32_t)(op.arg.n ? op.arg.p - f->text : 0);
	part->n = op.arg.n;
	return n;
}

static int parse(struct sl_log_format *f, struct sl_err *err)
{
	size_t len = strlen(f->text);

	for (size_t at = 0; at < len;) {
		int n = add_part(f, at, err);

		if (n < 0)
			return n;
		at += (size_t)n;
	}
	return 0;
}

static struct sl_log_format *create(const char *text, bool newline)
{
	/* No more parts than bytes. */
	size_t len = strlen(text);
	struct sl_log_format *f = calloc(1, sizeof(*f) + (len + 1) * sizeof(f->part[0]));

	if (!f)
		return NULL;
	f->text = malloc(len + 2);
	if (!f->text) {
		free(f);
		return NULL;
	}
	memcpy(f->text, text, len + 1);
	if (newline)
		memcpy(f->text + len, "\n", 2);
	return f;
}

int sl_log_format_parse(const char *text, struct sl_log_format **out, struct sl_err *err)
{
	static const struct {
		const char *name, *text;
	} named[] = {{"istio", istio}, {"json", json}, {"combined", combined}};
	const char *known = NULL;
	struct sl_log_format *f;
	int rc;

	for (size_t i = 0; i < SL_ARRAY_LEN(named); i++)
		if (strcmp(text, named[i].name) == 0)
			known = named[i].text;
	if (!known && !strchr(text, '%'))
		return bad(err, text,
			   "write istio, json, combined, or a line with operators such as "
			   "%RESPONSE_CODE%");
	if (strlen(text) > FORMAT_MAX || strpbrk(text, "\r\n"))
		return bad(err, text, "write one line of at most 4096 bytes");
	f = create(known ? known : text, !known);
	if (!f)
		return sl_err(err, ENOMEM, "out of memory for an access log format");
	f->json = known == json;
	rc = parse(f, err);
	if (rc < 0)
		sl_log_format_free(f);
	else
		*out = f;
	return rc;
}

void sl_log_format_free(struct sl_log_format *f)
{
	if (!f)
		return;
	free(f->text);
	free(f);
}
