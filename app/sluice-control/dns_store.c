/* SPDX-License-Identifier: BSD-3-Clause */
/* What was known of names, kept for the next run. It may get lost: names are looked up again. */
#include "dns_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "sl_base.h"

#define STORE_MAX (512u << 20) /* SL_NAMES_MAX names with SL_NAME_ADDRS_MAX addresses */

static void read_line(char *line, struct sl_names *names)
{
	static struct sl_ip addr[SL_NAME_ADDRS_MAX];
	char name[SL_NAME_TEXT_MAX], *save = NULL, *word = strtok_r(line, " ", &save);
	struct sl_ip ip;
	size_t n = 0;

	if (word == NULL || !sl_name_read(word, name))
		return;
	while (n < SL_NAME_ADDRS_MAX && (word = strtok_r(NULL, " ", &save)) != NULL)
		if (sl_ip_parse(word, &ip, NULL) == 0 && sl_name_usable(&ip))
			addr[n++] = ip;
	if (n > 0 && sl_names_count(names) < SL_NAMES_MAX)
		sl_names_put(names, name, addr, n, true);
}

void dns_store_read(const char *state_dir, struct sl_names *names)
{
	char path[300], *text = NULL, *save = NULL;
	struct sl_err err;
	size_t len;

	snprintf(path, sizeof(path), "%s/names", state_dir);
	if (files_read(path, STORE_MAX, &text, &len, &err) < 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
		read_line(l, names);
	free(text);
}

/* The first of the newest answer stands first, and not again in its place. */
static void write_line(FILE *f, const struct sl_name *name)
{
	char text[SL_IP_TEXT_MAX];

	if (name->n == 0)
		return;
	fprintf(f, "%s %s", name->text, sl_ip_format(&name->first, text));
	for (size_t i = 0; i < name->n; i++)
		if (!sl_ip_eq(&name->addr[i], &name->first))
			fprintf(f, " %s", sl_ip_format(&name->addr[i], text));
	fputc('\n', f);
}

void dns_store_write(const char *state_dir, const struct sl_names *names)
{
	char path[300], fresh[310], *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct sl_err err;

	snprintf(path, sizeof(path), "%s/names", state_dir);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (f == NULL)
		return;
	for (size_t i = 0; i < sl_names_count(names); i++)
		write_line(f, sl_names_at(names, i));
	fclose(f);
	/* Readers see the old or the new whole; nobody waits for the disk. */
	if (text != NULL && (files_write(fresh, text, len, &err) < 0 || rename(fresh, path) < 0))
		sl_log(SL_LOG_WARN, "%s cannot be written; names are looked up anew after a start.",
		       path);
	free(text);
}
