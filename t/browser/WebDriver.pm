# Copyright (C) ngx_game authors

package WebDriver;

# A small client for chromedriver (W3C WebDriver over HTTP), with nothing but
# modules that come with Perl.  An object is one browser with a profile of its
# own; start_driver() and stop_driver() frame them all.

use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant ELEMENT => 'element-6066-11e4-a52e-4f735466cecf';

our %KEY = (left => "\x{e012}", up => "\x{e013}", right => "\x{e014}",
            space => ' ');

my ($driver_pid, $driver_url);

my $http = HTTP::Tiny->new(timeout => 60);
my $json = JSON::PP->new->utf8->allow_nonref;


# A port that was free a moment ago.
sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "no port to listen on: $!\n";

    return $socket->sockport;
}


sub find_program {
    for my $name (@_) {
        for my $dir (split(/:/, $ENV{PATH}), '/usr/lib/chromium') {
            return "$dir/$name" if -x "$dir/$name" && !-d _;
        }
    }

    die "none of these programs is installed: @_\n";
}


sub start_driver {
    my ($log) = @_;
    my $program = find_program('chromedriver');
    my $port = free_port();

    $driver_pid = fork() // die "fork: $!\n";

    if ($driver_pid == 0) {
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>', $log);
        open(STDERR, '>&', \*STDOUT);
        exec($program, "--port=$port") or POSIX::_exit(127);
    }

    $driver_url = "http://127.0.0.1:$port";

    for (1 .. 100) {
        return if $http->get("$driver_url/status")->{success};
        sleep(0.1);
    }

    die "chromedriver does not answer, see $log\n";
}


sub stop_driver {
    return if !$driver_pid;

    kill('TERM', $driver_pid);

    for (1 .. 50) {
        last if waitpid($driver_pid, WNOHANG) != 0;
        sleep(0.1);
    }

    kill('KILL', $driver_pid);
    undef $driver_pid;
}


sub call {
    my ($method, $path, $body) = @_;
    my %options;

    if ($method eq 'POST') {
        $options{content} = $json->encode($body // {});
        $options{headers} = { 'Content-Type' => 'application/json' };
    }

    my $answer = $http->request($method, "$driver_url$path", \%options);
    my $value = eval { $json->decode($answer->{content})->{value} };

    if (!$answer->{success}) {
        my $why = ref($value) ? "$value->{error}: $value->{message}"
                              : $answer->{content};
        die "$method $path: $why\n";
    }

    return $value;
}


# Options: width, height; phone => 1 for a touch screen of high resolution.
sub new {
    my ($class, %options) = @_;
    my $profile = tempdir(CLEANUP => 1);
    my %chrome = (
        binary => find_program('chromium', 'chromium-browser',
                               'google-chrome'),
        args => [
            qw(--headless --no-sandbox --disable-gpu --disable-quic
               --no-first-run --disable-background-networking
               --disable-component-update --disable-sync
               --disable-dev-shm-usage --hide-scrollbars),
            "--user-data-dir=$profile",
            "--window-size=$options{width},$options{height}",
        ],
    );

    if ($options{phone}) {
        $chrome{mobileEmulation} = {
            deviceMetrics => {
                width => $options{width}, height => $options{height},
                pixelRatio => 2, touch => JSON::PP::true,
                mobile => JSON::PP::true,
            },
        };
    }

    my $value = call('POST', '/session', { capabilities => { alwaysMatch => {
        browserName => 'chrome',
        'goog:chromeOptions' => \%chrome,
        'goog:loggingPrefs' => { browser => 'ALL' },
    } } });

    return bless {
        path => "/session/$value->{sessionId}",
        profile => $profile,
    }, $class;
}


sub quit {
    my ($self) = @_;
    my $path = delete $self->{path} or return;

    call('DELETE', $path);
}


sub DESTROY {
    my ($self) = @_;

    eval { $self->quit } if $driver_pid;
}


sub get  { call('GET', $_[0]{path} . $_[1]) }
sub post { call('POST', $_[0]{path} . $_[1], $_[2]) }


sub open_page {
    my ($self, $url) = @_;

    $self->post('/url', { url => $url });
}


sub url { $_[0]->get('/url') }


# Runs a function's body in the page; its arguments are `arguments`.
sub run {
    my ($self, $script, @args) = @_;

    return $self->post('/execute/sync', { script => $script, args => \@args });
}


# Waits until a JavaScript expression is true; returns its value, or undef
# after so many seconds.
sub wait_for {
    my ($self, $expression, $seconds, @args) = @_;
    my $end = time() + ($seconds // 15);

    do {
        my $value = eval { $self->run("return $expression", @args) };

        return $value if $value;
        sleep(0.05);
    } while (time() < $end);

    return undef;
}


sub find {
    my ($self, $css) = @_;

    return $self->post('/element', { using => 'css selector',
                                     value => $css })->{(ELEMENT)};
}


sub click {
    my ($self, $css) = @_;

    $self->post('/element/' . $self->find($css) . '/click');
}


sub type {
    my ($self, $css, $text) = @_;
    my $element = $self->find($css);

    $self->post("/element/$element/clear");
    $self->post("/element/$element/value", { text => $text });
}


# Holds a key down, or a finger on an element, for so many milliseconds.
sub hold_key {
    my ($self, $key, $ms) = @_;

    $self->post('/actions', { actions => [ {
        type => 'key', id => 'keyboard', actions => [
            { type => 'keyDown', value => $KEY{$key} },
            { type => 'pause', duration => $ms },
            { type => 'keyUp', value => $KEY{$key} },
        ],
    } ] });
}


sub hold_finger {
    my ($self, $css, $ms) = @_;

    $self->post('/actions', { actions => [ {
        type => 'pointer', id => 'finger',
        parameters => { pointerType => 'touch' },
        actions => [
            { type => 'pointerMove', x => 0, y => 0, duration => 0,
              origin => { (ELEMENT) => $self->find($css) } },
            { type => 'pointerDown', button => 0 },
            { type => 'pause', duration => $ms },
            { type => 'pointerUp', button => 0 },
        ],
    } ] });
}


sub screenshot {
    my ($self, $file) = @_;

    open(my $out, '>:raw', $file) or die "$file: $!\n";
    print $out decode_base64($self->get('/screenshot'));
    close($out) or die "$file: $!\n";
}


# What the console complained of since the last call.
sub complaints {
    my ($self) = @_;
    my $entries = $self->post('/se/log', { type => 'browser' });

    return map { $_->{message} } grep { $_->{level} eq 'SEVERE' } @$entries;
}


1;
