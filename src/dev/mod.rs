//! `conncentric dev`: the whole system on one machine.
