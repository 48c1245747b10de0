/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for numbers: reason phrases (RFC 9110 15 and the registry), errors of the parsers. */
#include "sl_http.h"

const char *sl_http_reason(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *text;
	} table[] = {
		{200, "OK"},
		{404, "Not Found"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{502, "Bad Gateway"},
		{100, "Continue"},
		{101, "Switching Protocols"},
		{102, "Processing"},
		{103, "Early Hints"},
		{201, "Created"},
		{202, "Accepted"},
		{203, "Non-Authoritative Information"},
		{204, "No Content"},
		{205, "Reset Content"},
		{206, "Partial Content"},
		{207, "Multi-Status"},
		{208, "Already Reported"},
		{226, "IM Used"},
		{300, "Multiple Choices"},
		{303, "See Other"},
		{305, "Use Proxy"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{407, "Proxy Authentication Required"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{423, "Locked"},
		{424, "Failed Dependency"},
		{425, "Too Early"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{451, "Unavailable For Legal Reasons"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{505, "HTTP Version Not Supported"},
		{506, "Variant Also Negotiates"},
		{507, "Insufficient Storage"},
		{508, "Loop Detected"},
		{511, "Network Authentication Required"},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].text;
	return "";
}

uint16_t sl_http_error_status(enum sl_http_error e)
{
	static const uint16_t status[] = {
#define STATUS(name, code, details) code,
		SL_HTTP_ERROR_LIST(STATUS)
#undef STATUS
	};

	return (unsigned int)e < SL_HTTP_E_COUNT ? status[e] : 400;
}

const char *sl_http_error_details(enum sl_http_error e)
{
	static const char *const details_of[] = {
#define DETAILS(name, code, details) details,
		SL_HTTP_ERROR_LIST(DETAILS)
#undef DETAILS
	};

	return (unsigned int)e < SL_HTTP_E_COUNT ? details_of[e] : "";
}
