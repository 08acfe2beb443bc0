/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - scripts for shells, made from the table of commands. Each is a short program of the shell's
 * (below) around data: for each command its options, which of them take a value, and what its arguments are. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* What an argument or a value is, by the word that stands for it in the help. */
static const char *kind_of(const char *arg)
{
	static const struct {
		const char *word, *kind;
	} kinds[] = {
		{ "CONTAINER|IMAGE", "both" }, { "CONTAINER", "containers" }, { "IMAGE", "images" },   { "JOB", "jobs" },
		{ "[COMMAND]", "commands" },   { "[CONTAINER", "containers" }, { "[FILE]", "files" }, { "FILE", "files" },
		{ "SOURCE", "images" },	       { "DIR", "files" },	        { "HOST:CTR", "files" }, { "[ID", "trash" },
		{ "SCRIPT", "files" },
		{ "ID", "trash" },
		{ "bash|zsh|fish", "shells" }, { "SRC DST", "places" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(arg, kinds[i].word, strlen(kinds[i].word)) == 0)
			return kinds[i].kind;
	return "none";
}

/* How many arguments are of that kind: those behind an only one are another command's words. */
static bool only_first(const struct cli_cmd *c)
{
	return c->options_end_at_arg || (!strstr(c->args, "...") && strcmp(c->args, "SRC DST") != 0);
}

/* Within single quotes, where not even a backslash means anything in bash and zsh; fish knows \' and \\. */
static void put_quoted(const char *text, bool fish)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs(fish ? "\\'" : "'\\''", stdout);
		else if (*text == '\\' && fish)
			fputs("\\\\", stdout);
		else
			putchar(*text == '\n' ? ' ' : *text);
}

typedef void (*opt_fn)(const struct cli_cmd *c, const struct cli_opt *o);

static void each_opt(const struct cli_cmd *c, opt_fn fn)
{
	const struct cli_opt *const lists[] = { c ? c->opts : cli_global_opts, c ? c->more_opts : NULL };

	for (size_t i = 0; i < 2; i++)
		for (const struct cli_opt *o = lists[i]; o && o->name; o++)
			if (o->help)
				fn(c, o);
}

static void each_cmd(void (*fn)(const struct cli_cmd *c))
{
	for (const struct cli_cmd *const *p = cli_table; *p; p++)
		if (!(*p)->hidden)
			fn(*p);
	for (const struct cli_cmd *const *p = cli_container_cmds; *p; p++) {
		char name[64];
		struct cli_cmd alias = **p;

		snprintf(name, sizeof(name), "container %s", alias.name);
		alias.name = name;
		fn(&alias);
	}
}

/* --- bash and zsh: the same data, with descriptions for zsh */

static void put_opt_bash(const struct cli_cmd *c, const struct cli_opt *o)
{
	printf(" --%s", o->name);
	if (o->letter)
		printf(" -%c", o->letter);
}

static void put_opt_zsh(const struct cli_cmd *c, const struct cli_opt *o)
{
	printf(" '--%s:", o->name);
	put_quoted(o->help, false);
	putchar('\'');
	if (o->letter) {
		printf(" '-%c:", o->letter);
		put_quoted(o->help, false);
		putchar('\'');
	}
}

/* " --name=files": an option that takes a value, and of what kind. */
static void put_value(const struct cli_cmd *c, const struct cli_opt *o)
{
	if (!o->arg)
		return;
	printf(" --%s=%s", o->name, kind_of(o->arg));
	if (o->letter)
		printf(" -%c=%s", o->letter, kind_of(o->arg));
}

static void put_case_end(const struct cli_cmd *c)
{
	printf("\n\t\tvalues='");
	each_opt(c, put_value);
	printf(" ' args=%s first=%d ;;\n", kind_of(c->args), only_first(c));
}

static void put_case_bash(const struct cli_cmd *c)
{
	printf("\t'%s') opts='", c->name);
	each_opt(c, put_opt_bash);
	putchar('\'');
	put_case_end(c);
}

static void put_case_zsh(const struct cli_cmd *c)
{
	printf("\t'%s') opts=(", c->name);
	each_opt(c, put_opt_zsh);
	putchar(')');
	put_case_end(c);
}

static void put_name_bash(const struct cli_cmd *c)
{
	printf("'%s' ", c->name);
}

static void put_name_zsh(const struct cli_cmd *c)
{
	printf("\t'%s:", c->name);
	put_quoted(c->brief, false);
	printf("'\n");
}

/* Words before the one that is typed: finds the command ($cmd), its number of arguments ($n), the options that
 * say which store is meant ($where) and the kind of the value that is due ($due). In bash and in zsh. */
static const char walk[] =
"	local w want='' c\n"
"	for w in \"${before[@]}\"; do\n"
"		if [[ -n $want ]]; then\n"
"			[[ $want == --root || $want == --run-root ]] && where+=(\"$want\" \"$w\")\n"
"			want=''\n"
"		elif [[ $w == --root=* || $w == --run-root=* ]]; then\n"
"			where+=(\"$w\")\n"
"		elif [[ $w == -?* ]]; then\n"
"			[[ \"$values$globals\" == *\" $w=\"* ]] && want=$w\n"
"		else\n"
"			c=\"${cmd:+$cmd }$w\"\n"
"			if ((n == 0)) && [[ \"|$names|\" == *\"|$c\"[\\ \\|]* ]]; then\n"
"				cmd=$c\n"
"				_berth_data\n"
"			else\n"
"				((++n))\n"
"			fi\n"
"		fi\n"
"	done\n"
"	if [[ -n $want ]]; then\n"
"		due=\"$values$globals\" due=${due#*\" $want=\"} due=${due%% *}\n"
"	fi\n";

static const char bash_main[] =
"_berth_names() {\n"
"	case $1 in\n"
"	containers) berth \"${where[@]}\" ps -a --format name ;;\n"
"	images) berth \"${where[@]}\" images --format name ;;\n"
"	both) _berth_names containers; _berth_names images ;;\n"
"	jobs) berth \"${where[@]}\" jobs --format id ;;\n"
"	trash) berth \"${where[@]}\" trash ls --format id ;;\n"
"	commands) printf '%s\\n' \"${_berth_commands[@]%% *}\" ;;\n"
"	shells) printf '%s\\n' bash zsh fish ;;\n"
"	files) compgen -f -- \"$2\" ;;\n"
"	places) berth \"${where[@]}\" ps -a --format name | while read -r c; do printf '%s:\\n' \"$c\"; done; compgen -f -- \"$2\" ;;\n"
"	esac 2>/dev/null\n"
"}\n"
"_berth() {\n"
"	local line=${COMP_LINE:0:COMP_POINT} cur=${COMP_WORDS[COMP_CWORD]} full cmd='' opts='' values='' args=none first=0\n"
"	local n=0 due='' names before=() where=() list prefix globals IFS=$' \\t\\n'\n"
"	_berth_globals\n"
"	names=$(IFS='|'; printf '%s' \"${_berth_commands[*]}\")\n"
"	full=${line##*[[:space:]]}\n"
"	read -ra before <<<\"${line%\"$full\"}\"\n"
"	before=(\"${before[@]:1}\")\n";

static const char bash_end[] =
"	local IFS=$'\\n'\n"
"	if [[ -n $due ]]; then\n"
"		list=$(_berth_names \"$due\" \"$full\")\n"
"	elif [[ $full == --*=* ]]; then\n"
"		due=\"$values$globals\" prefix=${full%%=*}=\n"
"		[[ $due == *\" $prefix\"* ]] || return 0\n"
"		due=${due#*\" $prefix\"} due=${due%% *}\n"
"		list=$(_berth_names \"$due\" \"${full#*=}\" | while read -r c; do printf '%s%s\\n' \"$prefix\" \"$c\"; done)\n"
"	elif [[ $full == -* ]]; then\n"
"		list=$(IFS=' '; printf '%s\\n' $opts $global_opts)\n"
"	elif ((n == 0)) && [[ -z $cmd || \"|$names\" == *\"|$cmd \"* ]]; then\n"
"		list=$(printf '%s\\n' \"${_berth_commands[@]}\" | while read -r c; do\n"
"			[[ -z $cmd || $c == \"$cmd \"* ]] && c=${c#\"${cmd:+$cmd }\"} && printf '%s\\n' \"${c%% *}\"\n"
"		done)\n"
"		[[ $args == none ]] || list+=$'\\n'$(_berth_names \"$args\" \"$full\")\n"
"	elif ((n == 0 || !first)); then\n"
"		list=$(_berth_names \"$args\" \"$full\")\n"
"	else\n"
"		list=$(_berth_names files \"$full\")\n"
"	fi\n"
"	# readline breaks words at ':' and '=': only what is behind the last of them is replaced.\n"
"	[[ $cur == [:=] ]] && prefix=$full || prefix=${full%\"$cur\"}\n"
"	COMPREPLY=()\n"
"	while read -r c; do\n"
"		[[ -n $c && $c == \"$full\"* && $'\\n'\"${COMPREPLY[*]}\"$'\\n' != *$'\\n'\"${c#\"$prefix\"}\"$'\\n'* ]] &&\n"
"			COMPREPLY+=(\"${c#\"$prefix\"}\")\n"
"	done <<<\"$list\"\n"
"	[[ ${COMPREPLY[0]-} == *: ]] && compopt -o nospace 2>/dev/null\n"
"	return 0\n"
"}\n"
"complete -o filenames -F _berth berth\n";

static void print_bash(void)
{
	printf("# bash completion of berth, made by 'berth completion bash'\n_berth_commands=(");
	each_cmd(put_name_bash);
	printf(")\n_berth_globals() {\n\tglobal_opts=' --help -h");
	each_opt(NULL, put_opt_bash);
	printf("' globals='");
	each_opt(NULL, put_value);
	printf(" '\n}\n_berth_data() {\n\topts='' values='' args=none first=0\n\tcase $cmd in\n");
	each_cmd(put_case_bash);
	printf("\tesac\n}\n%s%s%s", bash_main, walk, bash_end);
}

static const char zsh_main[] =
"_berth_give() {\n"
"	local -a found\n"
"	case $1 in\n"
"	containers) found=(${(f)\"$(berth $where ps -a --format name 2>/dev/null)\"}) ;;\n"
"	images) found=(${(f)\"$(berth $where images --format name 2>/dev/null)\"}) ;;\n"
"	both) _berth_give containers; _berth_give images; return ;;\n"
"	jobs) found=(${(f)\"$(berth $where jobs --format id 2>/dev/null)\"}) ;;\n"
"	trash) found=(${(f)\"$(berth $where trash ls --format id 2>/dev/null)\"}) ;;\n"
"	commands) found=(${${commands_%%:*}%% *}) ;;\n"
"	shells) found=(bash zsh fish) ;;\n"
"	files) _files; return ;;\n"
"	places)\n"
"		found=(${(f)\"$(berth $where ps -a --format name 2>/dev/null)\"})\n"
"		compadd -S : -a found\n"
"		_files; return ;;\n"
"	*) return 1 ;;\n"
"	esac\n"
"	compadd -a found\n"
"}\n"
"_berth() {\n"
"	local names rest cmd='' values='' args=none due='' globals\n"
"	local -i n=0 first=0\n"
"	local -a opts global_opts before where commands_\n"
"	local -aU next\n"
"	_berth_globals\n"
"	names=${(j:|:)${commands_%%:*}}\n"
"	before=(\"${(@)words[2,CURRENT-1]}\")\n";

static const char zsh_end[] =
"	if [[ -n $due ]]; then\n"
"		_berth_give $due\n"
"	elif [[ $PREFIX == --*=* ]]; then\n"
"		due=\"$values$globals\" due=${due#*\" ${PREFIX%%=*}=\"} due=${due%% *}\n"
"		compset -P '*=' && _berth_give $due\n"
"	elif [[ $PREFIX == -* ]]; then\n"
"		next=($opts $global_opts)\n"
"		_describe -o option next\n"
"	elif ((n == 0)) && [[ -z $cmd || \"|$names\" == *\"|$cmd \"* ]]; then\n"
"		next=()\n"
"		for w in $commands_; do\n"
"			[[ -z $cmd || $w == \"$cmd \"* ]] || continue\n"
"			rest=${${w%%:*}#\"${cmd:+$cmd }\"}\n"
"			[[ $rest == *' '* ]] && next+=(\"${rest%% *}\") || next+=(\"$rest:${w#*:}\")\n"
"		done\n"
"		_describe command next\n"
"		[[ $args == none ]] || _berth_give $args\n"
"	elif ((n == 0 || !first)); then\n"
"		_berth_give $args\n"
"	else\n"
"		_files\n"
"	fi\n"
"}\n"
"compdef _berth berth\n";

static void print_zsh(void)
{
	printf("#compdef berth\n# zsh completion of berth, made by 'berth completion zsh'\n_berth_globals() {\n\tcommands_=(\n");
	each_cmd(put_name_zsh);
	printf("\t)\n\tglobal_opts=('--help:show help'");
	each_opt(NULL, put_opt_zsh);
	printf(")\n\tglobals='");
	each_opt(NULL, put_value);
	printf(" '\n}\n_berth_data() {\n\topts=() values='' args=none first=0\n\tcase $cmd in\n");
	each_cmd(put_case_zsh);
	printf("\tesac\n}\n%s%s%s", zsh_main, walk, zsh_end);
}

/* --- fish: a line an option */

static void put_opt_fish(const struct cli_cmd *c, const struct cli_opt *o)
{
	const char *kind = o->arg ? kind_of(o->arg) : "";

	printf("complete -c berth");
	if (c)
		printf(" -n '__berth_is \"%s\"'", c->name);
	printf(" -l %s", o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (o->arg)
		printf(strcmp(kind, "files") == 0 ? " -r -F" : " -x");
	printf(" -d '");
	put_quoted(o->help, true);
	printf("'\n");
}

static void put_cmd_fish(const struct cli_cmd *c)
{
	const char *kind = kind_of(c->args), *space = strrchr(c->name, ' ');

	if (space)
		printf("complete -c berth -n '__berth_is \"\"' -a '%.*s'\n", (int)(space - c->name), c->name);
	printf("complete -c berth -n '__berth_is \"%.*s\"' -a '%s' -d '", space ? (int)(space - c->name) : 0, c->name,
	       space ? space + 1 : c->name);
	put_quoted(c->brief, true);
	printf("'\n");
	if (strcmp(kind, "files") == 0 || strcmp(kind, "places") == 0)
		printf("complete -c berth -n '__berth_is \"%s\"' -F\n", c->name);
	if (strcmp(kind, "files") != 0 && strcmp(kind, "none") != 0)
		printf("complete -c berth -n '__berth_is \"%s\"' -a '(__berth_names %s)'\n", c->name, kind);
	each_opt(c, put_opt_fish);
}

static void put_name_fish(const struct cli_cmd *c)
{
	printf(" '%s'", c->name);
}

static const char fish_main[] =
"function __berth_path\n"
"	set -l path\n"
"	set -l words (commandline -opc)\n"
"	set -l skip 0\n"
"	for w in $words[2..-1]\n"
"		if test $skip = 1\n"
"			set skip 0\n"
"		else if contains -- $w $__berth_values\n"
"			set skip 1\n"
"		else if not string match -q -- '-*' $w\n"
"			set -l next (string join ' ' $path $w)\n"
"			if contains -- $next $__berth_commands; or string match -q -- \"$next *\" $__berth_commands\n"
"				set path $path $w\n"
"			else\n"
"				break\n"
"			end\n"
"		end\n"
"	end\n"
"	string join ' ' $path\n"
"end\n"
"function __berth_is\n"
"	set -l path (__berth_path)\n"
"	test \"$path\" = \"$argv[1]\"\n"
"end\n"
"function __berth_names\n"
"	switch $argv[1]\n"
"		case containers\n"
"			berth ps -a --format name 2>/dev/null\n"
"		case images\n"
"			berth images --format name 2>/dev/null\n"
"		case both\n"
"			berth ps -a --format name 2>/dev/null\n"
"			berth images --format name 2>/dev/null\n"
"		case places\n"
"			berth ps -a --format name 2>/dev/null | string replace -r '$' ':'\n"
"		case jobs\n"
"			berth jobs --format id 2>/dev/null\n"
"		case trash\n"
"			berth trash ls --format id 2>/dev/null\n"
"		case commands\n"
"			string replace -r ' .*' '' $__berth_commands\n"
"		case shells\n"
"			printf '%s\\n' bash zsh fish\n"
"	end\n"
"end\n"
"complete -c berth -f\n"
"complete -c berth -l help -s h -d 'show help'\n";

static void put_value_fish(const struct cli_cmd *c, const struct cli_opt *o)
{
	if (o->arg)
		printf(" --%s", o->name);
}

static void print_fish(void)
{
	printf("# fish completion of berth, made by 'berth completion fish'\nset -g __berth_commands");
	each_cmd(put_name_fish);
	printf("\nset -g __berth_values");
	each_opt(NULL, put_value_fish);
	printf("\n%s", fish_main);
	each_opt(NULL, put_opt_fish);
	each_cmd(put_cmd_fish);
}

static int run_completion(struct cli *cli, const struct cli_args *a)
{
	if (strcmp(a->argv[0], "bash") == 0)
		print_bash();
	else if (strcmp(a->argv[0], "zsh") == 0)
		print_zsh();
	else if (strcmp(a->argv[0], "fish") == 0)
		print_fish();
	else
		return cli_usage(a->cmd, "'%s' is not a shell that has completion here: bash, zsh or fish", a->argv[0]);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_completion = {
	.name = "completion", .looks = true, .args = "bash|zsh|fish", .brief = "print what completes berth's words in a shell",
	.about = "make install puts all three where the shells look. By hand: source <(berth completion bash).",
	.min_args = 1, .max_args = 1, .no_engine = true, .run = run_completion,
};
