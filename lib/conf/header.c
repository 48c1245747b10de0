/* SPDX-License-Identifier: BSD-3-Clause */
/* Header changes of routes, whichever kind of object says them. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "sl_http.h"
#include "words.h"

/* Istio's two ways to name the host. */
static bool is_authority(const char *name)
{
	return sl_str_ieq(sl_str(name), SL_STR("host")) ||
	       sl_str_ieq(sl_str(name), SL_STR(":authority"));
}

static int check_name(const struct sl_object *o, int line, const char *name, struct sl_err *err)
{
	char show[SL_SHOW_MAX], lower[64];
	size_t n = strlen(name);

	/* Istio drops what begins with a colon, but for the host. */
	if (name[0] == ':' || is_authority(name))
		return 0;
	if (!sl_http_valid_token(sl_str(name)))
		return sl_object_bad(o, line, err,
				     "'%s' is no header name; write letters, digits and '-'",
				     sl_show(name, show));
	for (size_t i = 0; i <= n && n < sizeof(lower); i++)
		lower[i] = sl_lower(name[i]);
	if (n < sizeof(lower) && sl_model_header_fixed(lower))
		return sl_object_bad(o, line, err,
				     "header '%s' belongs to the connection and can't be changed; "
				     "leave it out",
				     lower);
	return 0;
}

int sl_header_check(const struct sl_object *o, int line, const char *name, const char *value,
		    struct sl_err *err)
{
	char show[SL_SHOW_MAX];
	int e = check_name(o, line, name, err);

	if (e == 0 && !sl_http_valid_value(sl_str(value)))
		return sl_object_bad(o, line, err,
				     "value of header '%s' has a byte that none may have; write "
				     "visible characters",
				     sl_show(name, show));
	return e;
}

int sl_header_add(const struct sl_header_target *t, enum sl_header_op op, bool response,
		  const char *name, const char *value)
{
	char *lower;
	int e;

	if (name[0] == ':' || is_authority(name)) {
		/* Set wins over add, which is done behind it. */
		if (response || !is_authority(name) || op == SL_HEADER_REMOVE ||
		    (op == SL_HEADER_ADD && **t->authority))
			return 0;
		return sl_model_set(t->authority, value);
	}
	lower = strdup(name);
	for (char *p = lower; p && *p; p++)
		*p = sl_lower(*p);
	e = lower ? sl_model_header_add(t->headers, t->n, op, response, lower, value) : -ENOMEM;
	free(lower);
	return e;
}

int sl_list_set(char **field, const struct sl_node *list)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	int e;

	if (!f)
		return -ENOMEM;
	for (uint32_t i = 0; i < sl_node_len(list); i++)
		fprintf(f, "%s%s", i ? "," : "", list->item[i]->text);
	if (fclose(f) != 0)
		return -ENOMEM;
	e = sl_model_set(field, text);
	free(text);
	return e;
}
