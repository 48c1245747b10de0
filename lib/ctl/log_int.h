/* SPDX-License-Identifier: BSD-3-Clause */
/* What reading a format (log_format.c) and writing a line by it (log_line.c) share. */
#ifndef LOG_INT_H
#define LOG_INT_H

#include "sl_log_line.h"

/* X(name of the operator, what it is in log_line.c). Those of SLUICE are in microseconds. */
#define LOG_OP_LIST(X)                                       \
	X(START_TIME, TIME)                                  \
	X(PROTOCOL, PROTOCOL)                                \
	X(RESPONSE_CODE, STATUS)                             \
	X(RESPONSE_CODE_DETAILS, DETAILS)                    \
	X(RESPONSE_FLAGS, FLAGS)                             \
	X(BYTES_RECEIVED, BYTES_RECEIVED)                    \
	X(BYTES_SENT, BYTES_SENT)                            \
	X(DURATION, DURATION)                                \
	X(RESPONSE_DURATION, RESPONSE_DURATION)              \
	X(CONNECTION_TERMINATION_DETAILS, NOTHING)           \
	X(UPSTREAM_TRANSPORT_FAILURE_REASON, FAILURE)        \
	X(UPSTREAM_HOST, UPSTREAM_HOST)                      \
	X(UPSTREAM_CLUSTER, CLUSTER)                         \
	X(UPSTREAM_CLUSTER_RAW, CLUSTER)                     \
	X(UPSTREAM_LOCAL_ADDRESS, UPSTREAM_LOCAL)            \
	X(DOWNSTREAM_LOCAL_ADDRESS, LOCAL)                   \
	X(DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT, LOCAL_IP)   \
	X(DOWNSTREAM_LOCAL_PORT, LOCAL_PORT)                 \
	X(DOWNSTREAM_REMOTE_ADDRESS, REMOTE)                 \
	X(DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT, REMOTE_IP) \
	X(DOWNSTREAM_REMOTE_PORT, REMOTE_PORT)               \
	X(REQUESTED_SERVER_NAME, NOTHING)                    \
	X(ROUTE_NAME, ROUTE)                                 \
	X(SLUICE_ACCEPT_US, ACCEPT_US)                       \
	X(SLUICE_HEAD_US, HEAD_US)                           \
	X(SLUICE_ROUTED_US, ROUTED_US)                       \
	X(SLUICE_FIRST_BYTE_US, FIRST_BYTE_US)               \
	X(SLUICE_DONE_US, DONE_US)

enum log_op {
	LOG_LITERAL,
	LOG_TIME,
	LOG_PROTOCOL,
	LOG_STATUS,
	LOG_FLAGS,
	LOG_BYTES_RECEIVED,
	LOG_BYTES_SENT,
	LOG_DURATION,
	LOG_RESPONSE_DURATION,
	LOG_SERVICE_TIME,
	LOG_NOTHING,
	LOG_UPSTREAM_HOST,
	LOG_UPSTREAM_LOCAL,
	LOG_LOCAL,
	LOG_LOCAL_IP,
	LOG_LOCAL_PORT,
	LOG_REMOTE,
	LOG_REMOTE_IP,
	LOG_REMOTE_PORT,
	LOG_ACCEPT_US,
	LOG_HEAD_US,
	LOG_ROUTED_US,
	LOG_FIRST_BYTE_US,
	LOG_DONE_US,
	LOG_TEXT, /* + enum sl_log_text */
	LOG_METHOD = LOG_TEXT + SL_LOG_METHOD,
	LOG_PATH = LOG_TEXT + SL_LOG_PATH,
	LOG_AUTHORITY = LOG_TEXT + SL_LOG_AUTHORITY,
	LOG_USER_AGENT = LOG_TEXT + SL_LOG_USER_AGENT,
	LOG_XFF = LOG_TEXT + SL_LOG_XFF,
	LOG_REQUEST_ID = LOG_TEXT + SL_LOG_REQUEST_ID,
	LOG_CLUSTER = LOG_TEXT + SL_LOG_UPSTREAM_CLUSTER,
	LOG_ROUTE = LOG_TEXT + SL_LOG_ROUTE_NAME,
	LOG_DETAILS = LOG_TEXT + SL_LOG_DETAILS,
	LOG_FAILURE = LOG_TEXT + SL_LOG_FAILURE,
	LOG_REFERER = LOG_TEXT + SL_LOG_REFERER,
};

/** A piece of a line. */
struct log_part {
	enum log_op op;
	bool quoted;    /* alone between quotes: blanks may stand */
	uint32_t at, n; /* LOG_LITERAL: bytes of `text`; LOG_TIME: its form, n 0: Istio's */
	uint32_t max;   /* longest text; 0: any */
};

struct sl_log_format {
	bool json; /* literals are between values, which are JSON's */
	char *text;
	size_t n_parts;
	struct log_part part[];
};

#endif
