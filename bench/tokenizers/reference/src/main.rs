//! The reference as a program that takes turns, as bench/tokenizers/tokenize.c is ours:
//!
//!   reference --mode encode|batch|load|ids --tokenizer FILE --text FILE [--special 0|1]
//!
//! encode: a call of a turn encodes every line of the text, one after the other, on one thread. batch: all lines by one
//! call, on RAYON_NUM_THREADS threads. load: loads, encodes the first line, ends. ids: writes the ids of each line and
//! 0xFFFFFFFF behind them, as 32-bit numbers, to standard output.

use std::io::{self, BufRead, Write};
use std::time::Instant;
use tokenizers::Tokenizer;

fn option(name: &str, fallback: Option<&str>) -> String {
    let mut args = std::env::args().skip_while(|arg| arg != name).skip(1);
    match (args.next(), fallback) {
        (Some(value), _) => value,
        (None, Some(value)) => value.to_string(),
        (None, None) => panic!("{name} is needed"),
    }
}

/// CPU time of all threads of this process.
fn cpu_s() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Answers turns, as bench/common.h describes them.
fn serve_turns(mut call: impl FnMut()) {
    println!("{{\"ready\": true}}");
    for line in io::stdin().lock().lines() {
        let n: usize = line.unwrap().trim().parse().expect("a number of calls");
        let cpu_before = cpu_s();
        let mut wall: Vec<f64> = (0..n)
            .map(|_| {
                let before = Instant::now();
                call();
                before.elapsed().as_secs_f64()
            })
            .collect();
        let cpu = (cpu_s() - cpu_before) / n as f64;
        println!("{{\"n\": {n}, \"wall_s\": {:.9}, \"cpu_s\": {cpu:.9}}}", median(&mut wall));
        io::stdout().flush().unwrap();
    }
}

fn write_ids(tokenizer: &Tokenizer, lines: &[&str], special: bool) {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in lines {
        let encoding = tokenizer.encode_fast(*line, special).unwrap();
        for id in encoding.get_ids().iter().chain(&[u32::MAX]) {
            out.write_all(&id.to_le_bytes()).unwrap();
        }
    }
}

fn main() {
    let mut tokenizer = Tokenizer::from_file(option("--tokenizer", None)).unwrap();
    let text = std::fs::read_to_string(option("--text", None)).unwrap();
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.is_empty()).collect();
    let special = option("--special", Some("1")) == "1";
    // What a file stores is not what is measured.
    tokenizer.with_padding(None).with_truncation(None).unwrap();
    match option("--mode", None).as_str() {
        "encode" => serve_turns(|| {
            let n: usize = lines.iter().map(|line| tokenizer.encode_fast(*line, special).unwrap().len()).sum();
            assert!(n > 0);
        }),
        "batch" => serve_turns(|| {
            let encodings = tokenizer.encode_batch_fast(lines.clone(), special).unwrap();
            assert_eq!(encodings.len(), lines.len());
        }),
        "load" => assert!(tokenizer.encode_fast(lines[0], special).unwrap().len() > 0),
        "ids" => write_ids(&tokenizer, &lines, special),
        mode => panic!("--mode {mode}"),
    }
}
