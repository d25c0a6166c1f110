# bash completion for accelpipe. What there is to complete is asked of the program itself: commands, tasks and
# options come from its tables (`accelpipe __complete WORD...`), and nothing here lists them.

_accelpipe() {
    local program=${COMP_WORDS[0]} current i candidates
    local -a words=()
    # Bash splits --option=value into three words.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == = ]] || words+=("${COMP_WORDS[i]}")
    done
    current=${COMP_WORDS[COMP_CWORD]}
    if [[ $current == = ]]; then
        current=
        words+=("")
    fi
    COMPREPLY=()
    candidates=$("$program" __complete "${words[@]}" 2>/dev/null) || return 0
    case $candidates in
    :file | :dir)
        compopt -o filenames 2>/dev/null
        if [[ $candidates == :dir ]]; then i=-d; else i=-f; fi
        mapfile -t COMPREPLY < <(compgen "$i" -- "$current")
        ;;
    ?*)
        mapfile -t COMPREPLY <<<"$candidates"
        ;;
    esac
}

complete -F _accelpipe accelpipe
